using static TorchSharp.torch;

namespace Rlcm.Checkpoints;

/// <summary>A tensor that is made when its turn to be written comes, and is gone afterwards: what is computed need not lie beside what it is computed from.</summary>
/// <param name="Key">Its name in the file.</param>
/// <param name="Shape">Its dimensions, known beforehand.</param>
/// <param name="Dtype">Its type.</param>
/// <param name="Make">Makes it, without gradients and in a dispose scope that ends when it is written.</param>
public sealed record PendingTensor(string Key, long[] Shape, ScalarType Dtype, Func<Tensor> Make)
{
    /// <summary>All weights of a network, as they are when their turn comes.</summary>
    public static IEnumerable<PendingTensor> Of(nn.Module network) =>
        network.state_dict().Select(weight => new PendingTensor(weight.Key, weight.Value.shape, weight.Value.dtype, () => weight.Value));
}
