using Rlcm.Runtime;
using static TorchSharp.torch;

namespace Rlcm.Checkpoints;

/// <summary>Refuses weights that are NaN or infinite: every picture would be lost, and a training would end far from the cause.</summary>
internal static class FiniteWeights
{
    /// <summary>As <see cref="TensorSourceConversions.ReadFloat"/>, where every value is a number.</summary>
    /// <exception cref="UserErrorException">There is no such tensor, it cannot be read, or some of its values are not finite.</exception>
    public static Tensor ReadWeights(this ITensorSource source, string key)
    {
        var weights = source.ReadFloat(key);
        Require(weights, source.Path, key);
        return weights;
    }

    /// <summary>Refuses <paramref name="weights"/>, read from tensor <paramref name="key"/> of the file <paramref name="path"/>, where some are not finite. Reads them once.</summary>
    /// <exception cref="FileContentException">Some are not; they are counted.</exception>
    public static void Require(Tensor weights, string path, string key)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        if (!is_floating_point(weights.dtype) || double.IsFinite(weights.sum(ScalarType.Float32).ToNumber()))
            return;
        var count = weights.isfinite().logical_not().sum().ToNumber(); // a sum can overflow where no weight is infinite
        if (count > 0)
            throw new FileContentException(path, $"tensor '{key}'", $"{path}: tensor '{key}': expected finite numbers, found {count} of {weights.numel()} NaN or infinite; the file is damaged or was saved by a training that diverged, take another one.");
    }
}
