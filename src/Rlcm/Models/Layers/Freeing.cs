using static TorchSharp.torch;

namespace Rlcm.Models.Layers;

/// <summary>Chains of operations that free what lies between as soon as it was read, not with the scope around: half the memory of large maps.</summary>
internal static class Freeing
{
    /// <summary><paramref name="next"/> of <paramref name="x"/>, which is freed; autograd keeps what it needs by itself.</summary>
    public static Tensor Then(this Tensor x, Func<Tensor, Tensor> next)
    {
        var result = next(x);
        x.Dispose();
        return result;
    }

    /// <summary>SiLU of <paramref name="x"/>, which is freed.</summary>
    public static Tensor ThenSilu(this Tensor x) => x.Then(map => nn.functional.silu(map));
}
