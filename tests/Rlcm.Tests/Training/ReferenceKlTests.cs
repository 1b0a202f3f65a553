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
        var expected = means.Zip(references, (mean, reference) => Integral(mean, reference, Std)).Average();
        var divergence = ReferenceKl.Compute(tensor(means, [2, 2]), tensor(references, [2, 2]), Std);
        Assert.Equal(expected, divergence.ToDouble(), 1e-9);
    }

    [Fact]
    public void Its_gradient_reaches_the_policy_and_not_the_reference()
    {
        using var scope = NewDisposeScope();
        var mean = tensor(new double[] { 1, 3 }, [1, 2], requires_grad: true);
        var reference = tensor(new double[] { 0.5, 4 }, [1, 2], requires_grad: true);
        ReferenceKl.Compute(mean, reference, std: 2).backward();
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
