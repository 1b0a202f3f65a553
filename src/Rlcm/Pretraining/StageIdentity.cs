using System.Globalization;
using Rlcm.Runtime;

namespace Rlcm.Pretraining;

/// <summary>What the numbers of a stage depend on, by the option that sets it.</summary>
internal static class StageIdentity
{
    /// <summary>Settings that may change when a stage is continued: how long it goes on.</summary>
    public static readonly IReadOnlyList<string> FreeOnResume = ["--images"];

    /// <summary>The identity of a stage with <paramref name="settings"/>.</summary>
    public static RunIdentity Of(PretrainingSettings settings) => new(
        new Dictionary<string, string>(settings.Choices, StringComparer.Ordinal)
        {
            ["--images"] = settings.Images.ToString(CultureInfo.InvariantCulture),
            ["--batch"] = settings.BatchSize.ToString(CultureInfo.InvariantCulture),
            ["--learning-rate"] = settings.LearningRate.ToString(CultureInfo.InvariantCulture),
            ["--ema-decay"] = settings.EmaDecay.ToString(CultureInfo.InvariantCulture),
            ["--seed"] = settings.Seed.ToString(CultureInfo.InvariantCulture),
        },
        settings.Sha256,
        RunIdentity.CurrentEnvironment("cpu", threads: 0));
}
