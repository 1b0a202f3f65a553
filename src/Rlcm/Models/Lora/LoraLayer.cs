using TorchSharp;
using TorchSharp.Modules;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Rlcm.Models.Lora;

/// <summary>
/// A layer that an adapter can be attached to: it computes with its weight W, or with W + s B A (Hu et al. 2021, eq. 3).
/// </summary>
/// <remarks>
/// The adapter is held by composition and is no part of the module: keys are always those of the base model,
/// and the base weights are never written to. Training computes W + s B A as sampling does, and not B (A x) beside W x: the two differ by
/// rounding, which a clip range of 1e-4 does not forgive. Where W is of half precision, both compute B (A x).
/// </remarks>
public abstract class LoraLayer : Module<Tensor, Tensor>
{
    private readonly Parameter weight;
    private readonly Parameter? bias;
    private LoraAdapter? _adapter;

    /// <summary>Derived classes call <c>RegisterComponents</c> last.</summary>
    /// <param name="name">Name of the module's class.</param>
    /// <param name="shape">Shape of W, [out, in, ...].</param>
    /// <param name="hasBias">Whether there is a bias, [out].</param>
    private protected LoraLayer(string name, long[] shape, bool hasBias)
        : base(name)
    {
        weight = Parameter(zeros(shape));
        bias = hasBias ? Parameter(zeros(shape[0])) : null;
    }

    internal Tensor BaseWeight => weight;

    internal void Attach(LoraAdapter? adapter) => _adapter = adapter;

    /// <summary>A and B of the adapter, where there is one.</summary>
    internal IEnumerable<Parameter> AdapterWeights() => _adapter is null ? [] : [_adapter.A, _adapter.B];

    /// <inheritdoc/>
    public sealed override Tensor forward(Tensor input)
    {
        if (_adapter is null)
            return Apply(input, weight, bias);
        if (_adapter.EffectiveWeight is { } effective)
            return Apply(input, effective, bias);

        using var scope = NewDisposeScope();
        var output = _adapter.CanMergeInto(weight) ? Apply(input, _adapter.MergeInto(weight), bias) : Apply(input, weight, bias).Plus(Update(input, _adapter));
        return output.MoveToOuterDisposeScope();
    }

    /// <summary>s B (A x), computed in 32-bit floats beside a base of half precision, in which a small update of W would be lost.</summary>
    private Tensor Update(Tensor input, LoraAdapter adapter) =>
        (ApplyUp(Apply(input.to(ScalarType.Float32), adapter.A, null), adapter.B) * Kept(adapter.Scale)).to(input.dtype);

    private protected abstract Tensor Apply(Tensor input, Tensor weight, Tensor? bias);

    /// <summary>B of what A made of the input.</summary>
    private protected virtual Tensor ApplyUp(Tensor down, Tensor up) => Apply(down, up, null);
}
