using Rlcm.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Training;

public sealed class ReferenceKlTests
{
    [Fact, NoTensorLeaks]
    public void It_is_the_integral_of_p_log_p_over_q_per_dimension()
    {
        using var scope = NewDisposeScope();
        double[] means = [1, 2, -0.5, 0.25], references = [0, 2, 0.5, 0];
        const double Std = 0.7;
        var expected = means.Zip(references, (mean, reference) => Integral(mean, reference, Std)).Chunk(2).Select(image => image.Average()).ToArray();
        var divergence = ReferenceKl.Compute(tensor(means, [2, 2]), tensor(references, [2, 2]), Std).data<double>().ToArray();
        Assert.Equal(expected, divergence, (one, other) => Math.Abs(one - other) < 1e-9);
    }

    [Fact, NoTensorLeaks]
    public void What_an_image_moves_within_its_allowance_is_free_and_pays_for_no_other()
    {
        using var scope = NewDisposeScope();
        var divergence = tensor(new double[] { 0.1, 0.5, 1.25 }, requires_grad: true);
        var penalty = ReferenceKl.Penalty(divergence, threshold: 0.5);
        penalty.backward();
        Assert.Equal(0.75 / 3, penalty.ToDouble(), 1e-12);
        Assert.Equal(0, divergence.grad![0].ToDouble());
        Assert.Equal(1.0 / 3, divergence.grad[2].ToDouble(), 1e-12);
        Assert.Equal((0.1 + 0.5 + 1.25) / 3, ReferenceKl.Penalty(divergence, threshold: 0).ToDouble(), 1e-12);
    }

    [Fact]
    public void Its_gradient_reaches_the_policy_and_not_the_reference()
    {
        using var scope = NewDisposeScope();
        var mean = tensor(new double[] { 1, 3 }, [1, 2], requires_grad: true);
        var reference = tensor(new double[] { 0.5, 4 }, [1, 2], requires_grad: true);
        ReferenceKl.Compute(mean, reference, std: 2).sum().backward();
        Assert.Equal([0.5 / (2 * 4), -1.0 / (2 * 4)], mean.grad!.data<double>().ToArray()); // (mean - reference) / (d std^2)
        Assert.Null(reference.grad);
    }

    [Fact]
    public void Shapes_and_deviations_that_make_no_sense_are_refused()
    {
        using var scope = NewDisposeScope();
        Assert.Throws<ArgumentException>(() => ReferenceKl.Compute(zeros(2, 3), zeros(2, 1), std: 1));
        Assert.Throws<ArgumentException>(() => ReferenceKl.Compute(zeros(2, 3), zeros(2, 3), std: 0));
    }

    /// <summary>KL(N(mean, std^2) || N(reference, std^2)) by the trapezoidal rule.</summary>
    private static double Integral(double mean, double reference, double std)
    {
        const int Points = 20000;
        var (from, to) = (mean - 12 * std, mean + 12 * std);
        return Enumerable.Range(0, Points + 1).Sum(i =>
        {
            var x = from + (to - from) * i / Points;
            var density = Math.Exp(-0.5 * Math.Pow((x - mean) / std, 2)) / (std * Math.Sqrt(2 * Math.PI));
            return density * 0.5 * (Math.Pow((x - reference) / std, 2) - Math.Pow((x - mean) / std, 2)) * (to - from) / Points;
        });
    }
}
