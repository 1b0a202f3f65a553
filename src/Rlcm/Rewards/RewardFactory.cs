using Rlcm.Runtime;

namespace Rlcm.Rewards;

/// <summary>The rewards that a task name stands for.</summary>
public static class RewardFactory
{
    private static readonly SortedDictionary<string, Func<IReward>> Known = new(StringComparer.Ordinal)
    {
        ["compression"] = () => JpegReward.Compression,
        ["incompression"] = () => JpegReward.Incompression,
    };

    /// <summary>All task names, in alphabetical order.</summary>
    public static IReadOnlyCollection<string> Tasks => Known.Keys;

    /// <summary>The reward of <paramref name="task"/>.</summary>
    /// <exception cref="UserErrorException">There is no such task.</exception>
    public static IReward Create(string task) => Known.TryGetValue(task, out var create)
        ? create()
        : throw new UserErrorException($"Unknown task '{task}': expected one of {string.Join(", ", Tasks)}.");
}
