using System.Globalization;
using Rlcm.Checkpoints;
using Rlcm.Runtime;
using static TorchSharp.torch;

namespace Rlcm.Models.Lora;

/// <summary>How an adapter, or a model whose whole U-Net was tuned, came to be: the entries <c>rlcm.*</c> in the metadata of its safetensors file, that of the U-Net. What is not known is null, and not written.</summary>
public sealed record AdapterProvenance
{
    private const string Prefix = "rlcm.";

    /// <summary>Name or path of the base model, as the run's configuration has it; <c>rlcm.base_model</c>.</summary>
    public string? BaseModel { get; init; }

    /// <summary>The LCM-LoRA that is fused into the base model; <c>rlcm.lcm_lora</c>.</summary>
    public string? LcmLora { get; init; }

    /// <summary><see cref="WeightsHash"/> of the base model's U-Net; <c>rlcm.base_unet_sha256</c>.</summary>
    public string? BaseUnetSha256 { get; init; }

    /// <summary>The reward that was raised; <c>rlcm.task</c>.</summary>
    public string? Task { get; init; }

    /// <summary>Mean reward of the run's evaluation pictures with this adapter; <c>rlcm.reward</c>.</summary>
    public double? Reward { get; init; }

    /// <summary>Its unit, such as <c>kB</c>; <c>rlcm.reward_unit</c>.</summary>
    public string? RewardUnit { get; init; }

    /// <summary>Of a weighted sum of rewards, its parts with weights and limits, such as <c>1 x file size (kB), -0.5 x brightness (grey levels) in 0..200</c>; <c>rlcm.reward_parts</c>.</summary>
    public string? RewardParts { get; init; }

    /// <summary>Updates of the policy that made it; <c>rlcm.updates</c>.</summary>
    public int? Updates { get; init; }

    /// <summary>The run's seed; <c>rlcm.seed</c>.</summary>
    public ulong? Seed { get; init; }

    /// <summary>The version of Rlcm that trained it; <c>rlcm.version</c>.</summary>
    public string? Version { get; init; }

    /// <summary>What the adapter or model at <paramref name="path"/> says of itself, without reading its weights.</summary>
    /// <param name="path">Anything that <see cref="AdapterFile.Load"/> takes, or a model's folder.</param>
    /// <exception cref="UserErrorException">The file is missing or damaged.</exception>
    public static AdapterProvenance Read(string path)
    {
        using var file = SafetensorsFile.Open(WeightsPath(path));
        string? Text(string key) => file.Metadata.GetValueOrDefault(Prefix + key);
        return new()
        {
            BaseModel = Text("base_model") ?? PeftAdapter.BaseModel(path),
            LcmLora = Text("lcm_lora"),
            BaseUnetSha256 = Text("base_unet_sha256"),
            Task = Text("task"),
            Reward = double.TryParse(Text("reward"), CultureInfo.InvariantCulture, out var reward) ? reward : null,
            RewardUnit = Text("reward_unit"),
            RewardParts = Text("reward_parts"),
            Updates = int.TryParse(Text("updates"), CultureInfo.InvariantCulture, out var updates) ? updates : null,
            Seed = ulong.TryParse(Text("seed"), CultureInfo.InvariantCulture, out var seed) ? seed : null,
            Version = Text("version"),
        };
    }

    private static string WeightsPath(string path) =>
        ModelFolder.At(path).Unet is var unet && Directory.Exists(unet.Folder) ? unet.WeightsPath : AdapterFile.WeightsPath(path);

    /// <summary>As <see cref="Read"/>; null where nothing is there, or nothing that can be read.</summary>
    public static AdapterProvenance? TryRead(string path)
    {
        try
        {
            return Path.Exists(path) ? Read(path) : null;
        }
        catch (UserErrorException)
        {
            return null;
        }
    }

    /// <summary>The entries of the metadata, beside <paramref name="others"/>.</summary>
    public IReadOnlyDictionary<string, string> ToMetadata(IReadOnlyDictionary<string, string> others)
    {
        var entries = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["base_model"] = BaseModel,
            ["lcm_lora"] = LcmLora,
            ["base_unet_sha256"] = BaseUnetSha256,
            ["task"] = Task,
            ["reward"] = Reward?.ToString("R", CultureInfo.InvariantCulture),
            ["reward_unit"] = RewardUnit,
            ["reward_parts"] = RewardParts,
            ["updates"] = Updates?.ToString(CultureInfo.InvariantCulture),
            ["seed"] = Seed?.ToString(CultureInfo.InvariantCulture),
            ["version"] = Version,
        };
        return entries.Where(entry => entry.Value is not null).Select(entry => KeyValuePair.Create(Prefix + entry.Key, entry.Value!))
            .Concat(others).ToDictionary(entry => entry.Key, entry => entry.Value, StringComparer.Ordinal);
    }

    /// <summary>One sentence for people where the adapter was made for another U-Net than that of <paramref name="model"/>; null where it fits, or does not say what it was made for.</summary>
    /// <param name="adapter">What the adapter is called.</param>
    /// <param name="name">What the model is called.</param>
    /// <param name="model">The model.</param>
    public string? Mismatch(string adapter, string name, TextToImageModel model)
    {
        if (BaseUnetSha256 is null)
            return null;
        var found = model.UnetSha256;
        return found == BaseUnetSha256 ? null :
            ReadableText.OneLine($"{adapter} was made for {BaseModel ?? "a model that it does not name"} (U-Net {WeightsHash.Abbreviate(BaseUnetSha256)}), found {name} with another U-Net ({WeightsHash.Abbreviate(found)}): its pictures will be other than those it was tuned for.");
    }
}
