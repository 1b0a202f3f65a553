using Rlcm.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlcm.Pretraining;

/// <summary>Initial weights for training from nothing, addressed by seed and position and not by a global generator.</summary>
public static class WeightInitializer
{
    private const double EmbeddingStd = 0.02;

    /// <summary>
    /// Matrices and kernels: normal with the variance of PyTorch's default, 1/(3 fan-in); embeddings: std 0.02; norms: one and zero;
    /// biases: zero. Weights whose key ends in one of <paramref name="zero"/> start at zero, so that residual branches begin as identity
    /// (Dhariwal &amp; Nichol 2021, openai/guided-diffusion <c>zero_module</c>).
    /// </summary>
    public static void Initialize(nn.Module model, ulong seed, params IReadOnlyList<string> zero)
    {
        using var noGrad = no_grad();
        var item = 0;
        foreach (var (key, weight) in model.state_dict())
        {
            using var scope = NewDisposeScope();
            var address = new RandomAddress(seed, RandomPurpose.WeightInit, Item: item++);
            var shape = weight.shape;
            if (key.EndsWith(".bias", StringComparison.Ordinal) || zero.Any(suffix => key.EndsWith(suffix, StringComparison.Ordinal)))
                weight.zero_();
            else if (shape.Length == 1)
                weight.fill_(1);
            else if (key.Contains("embedding.weight", StringComparison.Ordinal))
                weight.copy_(AddressedRandom.NormalTensor(address, shape) * EmbeddingStd);
            else
                weight.copy_(AddressedRandom.NormalTensor(address, shape) * (1 / Math.Sqrt(3.0 * weight[0].numel())));
        }
    }

    /// <summary>Takes every weight that <paramref name="source"/> has under the same key; the others become zero.</summary>
    public static void CopyFrom(nn.Module model, nn.Module source)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var weights = source.state_dict();
        foreach (var (key, weight) in model.state_dict())
        {
            if (weights.TryGetValue(key, out var value))
                weight.copy_(value);
            else
                weight.zero_();
        }
    }
}
