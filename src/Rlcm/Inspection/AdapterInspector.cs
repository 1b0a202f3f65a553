using System.Globalization;
using Rlcm.Checkpoints;
using Rlcm.Models.Lora;
using Rlcm.Runtime;

namespace Rlcm.Inspection;

/// <summary>Looks at an adapter: its format, its layers, and what it says of where it is from.</summary>
internal static class AdapterInspector
{
    /// <summary>Whether the folder or file <paramref name="path"/> looks like an adapter.</summary>
    public static bool Recognizes(string path)
    {
        if (Directory.Exists(path))
            return AdapterFile.IsFolder(path);
        if (WeightFiles.FormOf(path) != WeightForm.Safetensors)
            return false;
        using var file = SafetensorsFile.Open(path);
        return file.Keys.Any(key => key.Contains("lora", StringComparison.OrdinalIgnoreCase));
    }

    public static PathInspection Inspect(string path)
    {
        var weightsPath = AdapterFile.WeightsPath(path);
        using var stored = SafetensorsFile.Open(weightsPath);
        using var file = new RenamedTensors(stored, AdapterNames.Current);
        var isPeft = Directory.Exists(path) && PeftAdapter.IsFolder(path);
        var names = isPeft ? AdapterNames.Peft : AdapterNames.Of(file.Keys, weightsPath);
        TensorEntry[] down = [.. file.Entries.Where(entry => names.IsDown(entry.Name))];
        var provenance = AdapterProvenance.Read(path);
        return new($"adapter (LoRA) in the format of {(isPeft ? "peft" : names.HasDots ? "diffusers" : "kohya")}")
        {
            Facts = [new("layers", Whole(down.Length)), new("rank", string.Join(", ", down.Select(entry => entry.Shape.FirstOrDefault()).Distinct().Order())), .. Origin(provenance)],
            Weights = [new("adapter", [Path.GetFileName(weightsPath)], file.Entries)],
            Problems = Try(() => AdapterFile.Read(path)) is { } problem ? [$"as --adapter: {problem}"] : [],
        };
    }

    /// <summary>What an adapter or a tuned model says of how it came to be.</summary>
    public static IEnumerable<InspectedFact> Origin(AdapterProvenance provenance)
    {
        (string Name, string? Value)[] facts =
        [
            ("base model", provenance.BaseModel),
            ("LCM-LoRA below it", provenance.LcmLora),
            ("base U-Net", provenance.BaseUnetSha256 is { } hash ? $"SHA-256 {hash}" : null),
            ("task", provenance.Task),
            ("reward", provenance.Reward is { } reward ? string.Create(CultureInfo.InvariantCulture, $"{reward:0.###} {provenance.RewardUnit}") : null),
            ("sum of", provenance.RewardParts),
            ("updates", provenance.Updates is { } updates ? Whole(updates) : null),
            ("seed", provenance.Seed?.ToString(CultureInfo.InvariantCulture)),
            ("made with", provenance.Version is { } version ? $"rlcm {version}" : null),
        ];
        return facts.Where(fact => fact.Value is not null).Select(fact => new InspectedFact(fact.Name, fact.Value!));
    }

    private static string Whole(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>What keeps it from being used, if anything does.</summary>
    private static string? Try(Action read)
    {
        try
        {
            using var scope = TorchSharp.torch.NewDisposeScope();
            read();
            return null;
        }
        catch (UserErrorException error)
        {
            return error.Message;
        }
    }
}
