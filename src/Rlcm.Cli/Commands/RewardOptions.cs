namespace Rlcm.Cli.Commands;

/// <summary>The options that say what rewards are made of: models and servers.</summary>
internal static class RewardOptions
{
    /// <summary>All of them, for one command; those that its rewards do not need are not looked at.</summary>
    public static IReadOnlyList<KeyOption> Create() =>
    [
        new("aestheticModel", "DIR", "CLIP ViT-L/14, for aesthetic"),
        new("aestheticHead", "FILE", "LAION's head (.pth or .safetensors), for aesthetic"),
        new("rewardUrl", "URL", "Reward server, for http"),
        new("clipModel", "DIR", "CLIP model as transformers writes it, for clip-score and pick-score"),
    ];
}
