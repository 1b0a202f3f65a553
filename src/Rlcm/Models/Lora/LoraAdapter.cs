using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Rlcm.Models.Lora;

/// <summary>The low-rank update s B A of one layer (Hu et al. 2021), always in 32-bit floats. Kernels k are those of convolutions.</summary>
/// <param name="Module">Path of the layer in the base model, such as <c>mid_block.attentions.0.transformer_blocks.0.attn1.to_q</c>.</param>
/// <param name="A">Down projection, [rank, in] or [rank, in, k, k].</param>
/// <param name="B">Up projection, [out, rank] or [out, rank, 1, 1].</param>
/// <param name="Scale">s = alpha / rank.</param>
public sealed record LoraAdapter(string Module, Parameter A, Parameter B, float Scale)
{
    /// <summary>What the layer computes with instead of merging, [out, in] or [out, in, k, k]: scratch tensor W + s B A while the adapters are merged, W while the base is used; otherwise null.</summary>
    internal Tensor? EffectiveWeight { get; set; }

    /// <summary>Whether W + s B A keeps what the adapter has learned, which half precision would round away.</summary>
    internal bool CanMergeInto(Tensor weight) => weight.dtype == A.dtype;

    /// <summary>W + s B A, differentiable in A and B.</summary>
    internal Tensor MergeInto(Tensor weight) => Merge(weight, A, B, Scale);

    /// <summary>W + s B A, of the shape of W.</summary>
    internal static Tensor Merge(Tensor weight, Tensor a, Tensor b, float scale) =>
        weight.flatten(1).addmm(b.flatten(1), a.flatten(1), beta: 1, alpha: scale).view(weight.shape);
}
