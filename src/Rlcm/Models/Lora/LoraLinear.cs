using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Rlcm.Models.Lora;

/// <summary>A linear layer that an adapter can be attached to, [..., inFeatures] -> [..., outFeatures].</summary>
public sealed class LoraLinear : LoraLayer
{
    /// <param name="inFeatures">Width of the input.</param>
    /// <param name="outFeatures">Width of the output.</param>
    /// <param name="hasBias">Whether there is a bias.</param>
    public LoraLinear(long inFeatures, long outFeatures, bool hasBias)
        : base(nameof(LoraLinear), [outFeatures, inFeatures], hasBias) => RegisterComponents();

    private protected override Tensor Apply(Tensor input, Tensor weight, Tensor? bias) => functional.linear(input, weight, bias);
}
