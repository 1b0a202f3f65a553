using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Rlcm.Models.Lora;

/// <summary>
/// A linear layer that an adapter can be attached to: y = W x + b, or y = (W + s B A) x + b (Hu et al. 2021, eq. 3).
/// </summary>
/// <remarks>
/// The adapter is held by composition and is no part of the module: keys are always those of the base model,
/// and the base weights are never written to. Training computes W + s B A as sampling does, and not B (A x) beside W x: the two differ by
/// rounding, which a clip range of 1e-4 does not forgive.
/// </remarks>
public sealed class LoraLinear : Module<Tensor, Tensor>
{
    private readonly Parameter weight;
    private readonly Parameter? bias;
    private LoraAdapter? _adapter;

    /// <param name="inFeatures">Width of the input.</param>
    /// <param name="outFeatures">Width of the output.</param>
    /// <param name="hasBias">Whether b exists.</param>
    public LoraLinear(long inFeatures, long outFeatures, bool hasBias)
        : base(nameof(LoraLinear))
    {
        weight = Parameter(zeros(outFeatures, inFeatures));
        bias = hasBias ? Parameter(zeros(outFeatures)) : null;
        RegisterComponents();
    }

    internal Tensor BaseWeight => weight;

    internal void Attach(LoraAdapter? adapter) => _adapter = adapter;

    /// <param name="input">[..., inFeatures] -> [..., outFeatures].</param>
    public override Tensor forward(Tensor input)
    {
        if (_adapter is null)
            return functional.linear(input, weight, bias);
        if (_adapter.Merged is { } merged)
            return functional.linear(input, merged, bias);

        using var scope = NewDisposeScope();
        return functional.linear(input, _adapter.MergeInto(weight), bias).MoveToOuterDisposeScope();
    }
}
