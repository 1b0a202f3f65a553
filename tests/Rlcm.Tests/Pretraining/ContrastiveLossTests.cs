using Rlcm.Pretraining;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Pretraining;

public sealed class ContrastiveLossTests
{
    [Fact, NoTensorLeaks]
    public void With_a_caption_for_each_picture_it_is_clips()
    {
        using var scope = NewDisposeScope();
        var logits = tensor(new[,] { { 2f, -1f, 0.5f }, { 0f, 1f, 3f }, { -2f, 0.25f, 1f } });
        var labels = arange(3L);
        var expected = (nn.functional.cross_entropy(logits, labels) + nn.functional.cross_entropy(logits.t(), labels)) / 2;
        Assert.Equal(expected.ToDouble(), ContrastiveLoss.Compute(logits, eye(3)).ToDouble(), 1e-6);
    }

    [Fact, NoTensorLeaks]
    public void A_caption_of_two_pictures_is_right_for_both()
    {
        using var scope = NewDisposeScope();
        // Pictures 0 and 1 have one caption, which stands in both columns.
        var matches = tensor(new[,] { { 1f, 1f, 0f }, { 1f, 1f, 0f }, { 0f, 0f, 1f } });
        var logits = tensor(new[,] { { 9f, 9f, 0f }, { 9f, 9f, 0f }, { 0f, 0f, 9f } });
        // -log of the half that each of the two gets: log(2 + e^-9); of the only one: log(1 + 2 e^-9); rows and columns alike.
        var expected = (2 * Math.Log(2 + Math.Exp(-9)) + Math.Log(1 + 2 * Math.Exp(-9))) / 3;
        Assert.Equal(expected, ContrastiveLoss.Compute(logits, matches).ToDouble(), 1e-6);
    }

    [Fact, NoTensorLeaks]
    public void Its_gradient_is_that_of_finite_differences()
    {
        using var scope = NewDisposeScope();
        var matches = tensor(new[,] { { 1f, 0f }, { 1f, 1f } }).to(ScalarType.Float64); // a caption without a style, one with
        double[] at = [0.3, -0.7, 1.1, 0.2];
        var logits = tensor(at).view(2, 2).requires_grad_();
        ContrastiveLoss.Compute(logits, matches).backward();
        var gradient = logits.grad!.data<double>().ToArray();
        for (var i = 0; i < at.Length; i++)
        {
            double Moved(double by)
            {
                var moved = at.ToArray();
                moved[i] += by;
                return ContrastiveLoss.Compute(tensor(moved).view(2, 2), matches).ToDouble();
            }

            Assert.Equal((Moved(1e-5) - Moved(-1e-5)) / 2e-5, gradient[i], 1e-8);
        }
    }
}
