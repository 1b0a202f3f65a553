using Rlcm.Rewards;

namespace Rlcm.Training;

/// <summary>The rules of a configuration that concern which rewards it uses.</summary>
public static class RewardRules
{
    /// <summary>Keys without a default that some tasks use and the others would ignore.</summary>
    private static readonly (string Key, Func<TrainConfig, string?> Value, string[] Tasks)[] KeysOfTasks =
    [
        ("aestheticModel", config => config.AestheticModel, ["aesthetic"]),
        ("aestheticHead", config => config.AestheticHead, ["aesthetic"]),
        ("clipModel", config => config.ClipModel, ["clip-score", "pick-score"]),
        ("style", config => config.Style, ["style"]),
        ("styleModel", config => config.StyleModel, ["style"]),
        ("rewardUrl", config => config.RewardUrl, ["http", "vlm-bertscore"]),
        ("vlmModel", config => config.VlmModel, ["vlm-bertscore"]),
        ("bertModel", config => config.BertModel, ["vlm-bertscore"]),
        ("bertLayer", config => config.BertLayer, ["vlm-bertscore"]),
    ];

    /// <summary>Whether the reward of <paramref name="task"/> is made of what <paramref name="key"/> names; true of keys that are no reward's.</summary>
    public static bool IsUsedBy(string key, string task) => Array.TrueForAll(KeysOfTasks, entry => entry.Key != key || entry.Tasks.Contains(task));

    /// <summary><paramref name="config"/> without what belongs to other tasks than a program's own.</summary>
    internal static TrainConfig Forget(TrainConfig config) => config with { Rewards = null, AestheticModel = null, AestheticHead = null, ClipModel = null, Style = null, StyleModel = null, RewardUrl = null, VlmModel = null, BertModel = null, BertLayer = null };

    /// <summary>The conflicts of <paramref name="config"/>.</summary>
    internal static IEnumerable<TrainConfigConflict> Check(TrainConfig config)
    {
        foreach (var (key, _, tasks) in KeysOfTasks.Where(entry => entry.Value(config) is not null && !config.RewardTasks.Intersect(entry.Tasks).Any()))
            yield return new([key, "task"], $"{key} belongs to task {string.Join(" or ", tasks)}, and the task is {config.Task}; leave it out (in a configuration: null), or change the task");
        foreach (var conflict in CheckSum(config))
            yield return conflict;
    }

    private static IEnumerable<TrainConfigConflict> CheckSum(TrainConfig config)
    {
        if (config.Task != TrainingReward.SumName)
        {
            if (config.Rewards is not null)
                yield return new(["rewards", "task"], $"rewards are summed by task {TrainingReward.SumName} alone, found {config.Task}; set task to {TrainingReward.SumName} or rewards to null");
            yield break;
        }

        if (config.Rewards is null)
            yield return new(["rewards", "task"], $"task {TrainingReward.SumName} sums rewards, and there are none; set rewards, such as --reward compression=1 --reward clip-score=0.5");
        foreach (var part in config.Rewards ?? [])
        {
            if (!RewardFactory.Tasks.Contains(part.Task))
                yield return new(["rewards"], $"expected rewards among {string.Join(", ", RewardFactory.Tasks)}, found {part.Task}; name one of them");
            if (part.Weight == 0)
                yield return new(["rewards"], $"{part.Task} has the weight 0, with which it counts nothing; change it or leave the reward out");
            if (part.Min >= part.Max)
                yield return new(["rewards"], $"{part.Task} counts from min to max, found a min that is not below its max; change one of them");
        }

        if (config.RewardTasks.Contains("http") && config.RewardTasks.Contains("vlm-bertscore"))
            yield return new(["rewards"], "http and vlm-bertscore would both ask the server at rewardUrl; sum one of them only");
        if (config.Rewards?.GroupBy(part => part.Task, StringComparer.Ordinal).FirstOrDefault(same => same.Count() > 1) is { Key: var twice })
            yield return new(["rewards"], $"{twice} is there twice; keep one of them");
    }
}
