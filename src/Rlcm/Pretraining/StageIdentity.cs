using System.Globalization;
using Rlcm.Runtime;

namespace Rlcm.Pretraining;

/// <summary>What a resumed stage must have in common with the run it continues, by the option that sets it; kept in checkpoints.</summary>
internal static class StageIdentity
{
    /// <summary>The identity of a run with <paramref name="settings"/>.</summary>
    public static IReadOnlyDictionary<string, string> Of(PretrainingSettings settings) => new Dictionary<string, string>(settings.Choices, StringComparer.Ordinal)
    {
        ["--batch"] = settings.BatchSize.ToString(CultureInfo.InvariantCulture),
        ["--learning-rate"] = settings.LearningRate.ToString(CultureInfo.InvariantCulture),
        ["--ema-decay"] = settings.EmaDecay.ToString(CultureInfo.InvariantCulture),
        ["--seed"] = settings.Seed.ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>Refuses to continue a run with other settings than it was begun with.</summary>
    /// <param name="before">The identity in the checkpoint; null where it is of an earlier version.</param>
    /// <param name="settings">Those of now.</param>
    /// <param name="folder">The run's folder, for the message.</param>
    /// <exception cref="UserErrorException">They differ.</exception>
    public static void RequireSame(IReadOnlyDictionary<string, string>? before, PretrainingSettings settings, string folder)
    {
        if (before is null)
            throw new UserErrorException($"--resume: the checkpoint in {folder} does not say with which settings it was begun; begin a new run with another --output.");
        var now = Of(settings);
        string[] different = [.. before.Keys.Union(now.Keys).Order(StringComparer.Ordinal)
            .Where(name => before.GetValueOrDefault(name) != now.GetValueOrDefault(name))
            .Select(name => $"{name} = {Value(before, name)}, found {Value(now, name)}")];
        if (different.Length > 0)
            throw new UserErrorException($"--resume: the run in {folder} was begun with {string.Join("; ", different)}; repeat what it was begun with, or begin a new run with another --output.");
    }

    private static string Value(IReadOnlyDictionary<string, string> identity, string name) => identity.GetValueOrDefault(name) ?? "nothing";
}
