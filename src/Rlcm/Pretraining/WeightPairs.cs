using TorchSharp;
using static TorchSharp.torch;

namespace Rlcm.Pretraining;

/// <summary>Pairs the weights of networks with those of the networks that hold their moving averages.</summary>
internal static class WeightPairs
{
    /// <summary>
    /// All parameters of each online network, named with its prefix, beside the parameter of the same key in the average network,
    /// which is frozen and set to the online value.
    /// </summary>
    public static IReadOnlyList<TrainedWeight> Of(params ReadOnlySpan<(string Prefix, nn.Module Online, nn.Module Average)> networks)
    {
        using var noGrad = no_grad();
        var pairs = new List<TrainedWeight>();
        foreach (var (prefix, online, average) in networks)
        {
            var averages = average.named_parameters().ToDictionary(entry => entry.name, entry => entry.parameter, StringComparer.Ordinal);
            foreach (var (name, parameter) in online.named_parameters())
            {
                averages[name].requires_grad = false;
                averages[name].copy_(parameter);
                pairs.Add(new(prefix + name, parameter, averages[name]));
            }
        }

        return pairs;
    }
}
