namespace Rlcm.Cli.Commands;

/// <summary>The options that say what rewards are made of: models and servers.</summary>
internal static class RewardOptions
{
    /// <summary>Keys of rewards without an option of their own, for <c>--set</c>.</summary>
    public static IReadOnlyList<string> OtherKeys { get; } = ["aestheticRounds", "bertLayer", "rewardBatch", "rewardConcurrency", "rewardTimeout", "styleModel"];

    /// <summary>All of them, for one command.</summary>
    public static IReadOnlyList<KeyOption> Create() =>
    [
        new("aestheticModel", "DIR", "CLIP ViT-L/14, for aesthetic"),
        new("aestheticHead", "FILE", "LAION's head (.pth or .safetensors), for aesthetic"),
        new("rewardUrl", "URL", "Reward server, for http and vlm-bertscore"),
        new("vlmModel", "NAME", "Vision-language model at that server, for vlm-bertscore"),
        new("bertModel", "DIR", "Encoder of sentences as ONNX with its tokenizer, for vlm-bertscore"),
        new("clipModel", "DIR", "CLIP model as transformers writes it, for clip-score and pick-score"),
        new("style", "WORD", "Drawing style, for style: noto, twemoji, flat or 3d"),
    ];
}
