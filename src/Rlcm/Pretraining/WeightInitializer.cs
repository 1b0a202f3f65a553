using Rlcm.Runtime;
using TorchSharp;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;

namespace Rlcm.Pretraining;

/// <summary>Initial weights for training from nothing, addressed by seed and position and not by a global generator.</summary>
public static class WeightInitializer
{
    private const double EmbeddingStd = 0.02;
    private const string Nothing = "nothing";

    /// <summary>
    /// Matrices and kernels: normal with the variance of PyTorch's default, 1/(3 fan-in); embeddings: std 0.02; norms: one and zero;
    /// biases: zero. Weights whose key ends in one of <paramref name="zero"/> start at zero, so that residual branches begin as identity
    /// (Dhariwal &amp; Nichol 2021, openai/guided-diffusion <c>zero_module</c>).
    /// </summary>
    public static void Initialize(nn.Module model, ulong seed, params IReadOnlyList<string> zero)
    {
        Parallel.ForEach(model.state_dict().Index(), entry =>
        {
            var (item, (key, weight)) = entry;
            using var scope = NewDisposeScope();
            using var noGrad = no_grad(); // of each thread
            var address = new RandomAddress(seed, RandomPurpose.WeightInit, Item: item);
            var shape = weight.shape;
            if (key.EndsWith(".bias", StringComparison.Ordinal) || zero.Any(suffix => key.EndsWith(suffix, StringComparison.Ordinal)))
                weight.zero_();
            else if (key.Contains("embedding.weight", StringComparison.Ordinal) || key.EndsWith("class_embedding", StringComparison.Ordinal))
                weight.copy_(AddressedRandom.NormalTensor(address, shape) * Kept(EmbeddingStd));
            else if (shape.Length <= 1)
                weight.fill_(Kept(1));
            else
                weight.copy_(AddressedRandom.NormalTensor(address, shape) * Kept(1 / Math.Sqrt(3.0 * weight[0].numel())));
        });
    }

    /// <summary>Takes every weight from <paramref name="source"/>, a network of the same architecture.</summary>
    /// <param name="model">The network to fill.</param>
    /// <param name="source">Where the weights are taken from.</param>
    /// <param name="zero">Weights whose key ends in one of these may be absent from <paramref name="source"/> and become zero.</param>
    /// <exception cref="UserErrorException">The architectures differ; nothing is copied.</exception>
    public static void CopyFrom(nn.Module model, nn.Module source, params IReadOnlyList<string> zero)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var weights = source.state_dict();
        var targets = model.state_dict();
        foreach (var key in targets.Keys.Union(weights.Keys))
        {
            var (expected, found) = (Shape(targets, key), Shape(weights, key));
            if (expected != found && !(found == Nothing && zero.Any(suffix => key.EndsWith(suffix, StringComparison.Ordinal))))
                throw new UserErrorException($"The weights to start from are of another architecture: {key}: expected {expected}, found {found}; start from a model of the same architecture.");
        }

        foreach (var (key, weight) in targets)
        {
            if (weights.TryGetValue(key, out var value))
                weight.copy_(value);
            else
                weight.zero_();
        }
    }

    private static string Shape(Dictionary<string, Tensor> weights, string key) =>
        weights.TryGetValue(key, out var weight) ? $"[{string.Join(", ", weight.shape)}]" : Nothing;
}
