using Rlcm.Training;
using TorchSharp;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Training;

public sealed class GradientNormTests
{
    [Theory]
    [InlineData(10, 1)]
    [InlineData(5, 5 / (5 + 1e-6))]
    [InlineData(1, 1 / (5 + 1e-6))]
    public void The_norm_of_all_gradients_is_limited_and_returned(double maximum, double coefficient)
    {
        using var scope = NewDisposeScope();
        var (a, b, frozen) = (new Parameter(zeros(1)), new Parameter(zeros(2)), new Parameter(zeros(1), requires_grad: false));
        (a.sum() * 3 + (b * tensor([0f, 4f])).sum()).backward();

        Assert.Equal(5, GradientNorm.Clip([a, b, frozen], maximum), 1e-6);

        Assert.Equal(3 * coefficient, a.grad!.item<float>(), 1e-6);
        Assert.Equal(4 * coefficient, b.grad![1].item<float>(), 1e-6);
    }
}
