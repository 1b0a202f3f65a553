using System.CommandLine;
using Rlcm.Rewards;
using Rlcm.Runtime;

namespace Rlcm.Cli.Commands;

/// <summary><c>--rewards</c>: the rewards that pictures are measured by, separated by commas.</summary>
internal sealed class RewardsOption : Option<string?>
{
    /// <summary>What papers call rewards of ours (Black et al. 2023, section 5.1).</summary>
    private static readonly Dictionary<string, string> OtherNames = new(StringComparer.Ordinal)
    {
        ["compressibility"] = "compression",
        ["incompressibility"] = "incompression",
    };

    public RewardsOption()
        : base("--rewards")
    {
        Description = $"Measure pictures of held-out prompts by these rewards, separated by commas: {string.Join(", ", RewardFactory.Tasks)}; and by diversity within a prompt: of pixels and of CLIP embeddings, by --clip-model or models/emoji-clip";
        HelpName = "R,...";
    }

    /// <summary>The names of the rewards' tasks.</summary>
    /// <exception cref="UserErrorException">One is unknown or there twice.</exception>
    public IReadOnlyList<string> Tasks(ParseResult arguments)
    {
        string[] tasks = [.. arguments.GetRequiredValue(this)!.Split(',', StringSplitOptions.TrimEntries).Select(name => OtherNames.GetValueOrDefault(name, name))];
        foreach (var task in tasks)
            OptionChecks.RequireOneOf(this, task, RewardFactory.Tasks);
        OptionChecks.RequireDistinct(this, tasks);
        return tasks;
    }
}
