using System.Globalization;
using Rlcm.Rewards;
using Rlcm.Training;

namespace Rlcm.Comparison;

/// <summary>A reward by name, without the files that it is made of.</summary>
/// <param name="Name">The task, with what tells it from others of the task: the style, the parts of a sum, a program's own description.</param>
/// <param name="Unit">Its unit; null where the name says it, or nothing does.</param>
public readonly record struct NamedReward(string Name, string? Unit)
{
    /// <summary>Name and unit, such as <c>compression (kB)</c>.</summary>
    public string Title => Unit is null ? Name : $"{Name} ({Unit})";

    /// <summary>What a run of <paramref name="config"/> raises.</summary>
    public static NamedReward Of(TrainConfig config) => config.Task switch
    {
        TrainingReward.SumName => new(string.Join(" + ", (config.Rewards ?? []).Select(Part)), TrainingReward.SumUnit),
        Tuning.Task => new(config.CustomReward ?? config.Task, Unit: null),
        "style" => new($"style {config.Style}", RewardFactory.UnitOf(config.Task)),
        _ => new(config.Task, RewardFactory.UnitOf(config.Task)),
    };

    private static string Part(RewardWeight part) => string.Create(
        CultureInfo.InvariantCulture, $"{part.Weight} x {part.Task}{(part.Min is null && part.Max is null ? "" : $" in {part.Min}..{part.Max}")}");
}
