using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Golden;

/// <summary>Comparisons of tensors that say how far apart they are.</summary>
internal static class TensorAssert
{
    /// <summary>Every entry agrees within <paramref name="tolerance"/>.</summary>
    public static void Close(Tensor expected, Tensor actual, double tolerance)
    {
        Assert.Equal(expected.shape, actual.shape);
        var difference = (expected.to(ScalarType.Float64) - actual.to(ScalarType.Float64)).abs().max().item<double>();
        Assert.True(difference <= tolerance, $"Largest difference {difference:g3}, allowed {tolerance:g3}.");
    }

    /// <summary>|expected - actual| / |expected| in the Euclidean norm is within <paramref name="tolerance"/>.</summary>
    public static void CloseInNorm(Tensor expected, Tensor actual, double tolerance, string name)
    {
        Assert.Equal(expected.shape, actual.shape);
        var norm = expected.to(ScalarType.Float64).norm().item<double>();
        var difference = (expected.to(ScalarType.Float64) - actual.to(ScalarType.Float64)).norm().item<double>();
        Assert.True(difference <= tolerance * norm, $"{name}: relative difference {difference / norm:g3}, allowed {tolerance:g3}.");
    }
}
