using System.Text.Json;
using Rlcm.Checkpoints;
using Rlcm.Runtime;
using TorchSharp;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;

namespace Rlcm.Models.Lora;

/// <summary>
/// Reads adapters of a U-Net: peft's folder, and the single files of diffusers (<c>unet.MODULE.lora.down.weight</c>, in newer ones
/// <c>lora_A</c>; no alpha, its share alpha / r is part of the up weights) and of kohya (<c>lora_unet_MODULE.lora_down.weight</c>, dots of
/// the module as underscores, and <c>.alpha</c>).
/// </summary>
public static class AdapterFile
{
    private const string DiffusersFile = "pytorch_lora_weights.safetensors";
    private const string DiffusersMetadata = "lora_adapter_metadata";

    /// <summary>Reads an adapter and attaches it to <paramref name="model"/>.</summary>
    /// <param name="model">The base model's U-Net.</param>
    /// <param name="path">A folder in peft's layout, one with <c>pytorch_lora_weights.safetensors</c>, or a safetensors file.</param>
    /// <exception cref="UserErrorException">Nothing is there, or it is damaged, not supported or of another base model.</exception>
    public static LoraAdapters Load(nn.Module model, string path)
    {
        var file = File.Exists(path) ? path : Path.Combine(path, DiffusersFile);
        return File.Exists(file) ? LoadFile(model, file) : PeftAdapter.Load(model, path);
    }

    private static LoraAdapters LoadFile(nn.Module model, string path)
    {
        using var scope = NewDisposeScope();
        using var file = SafetensorsFile.Open(path);
        var names = AdapterNames.Of(file.Keys, path);
        RequireScaleOne(file.Metadata, path);
        var paths = model.named_modules().Where(entry => entry.module is LoraLayer).ToDictionary(entry => entry.name.Replace('.', '_'), entry => entry.name, StringComparer.Ordinal);
        var weights = new Dictionary<string, (Tensor A, Tensor B)>(StringComparer.Ordinal);
        string[] modules = [.. file.Keys.Where(names.IsDown).Select(names.Module)];
        foreach (var module in modules)
        {
            if (!weights.TryAdd(paths.GetValueOrDefault(module.Replace('.', '_'), module), (file.ReadFloat(names.DownOf(module)), file.ReadFloat(names.UpOf(module)))))
                throw new UserErrorException($"{path}: layer {module} is adapted twice, under two spellings; remove one of them.");
        }

        var rank = Common("rank", path, weights.Values.Select(pair => pair.A.shape is [var rows, _, ..] ? (double)rows : throw new UserErrorException(
            $"{path}: expected down weights [rank, in] or [rank, in, k, k], found [{string.Join(", ", pair.A.shape)}]; the file is damaged, export it anew.")));
        var alpha = Common("alpha", path, modules.Select(names.AlphaOf).Select(key => file.Keys.Contains(key) ? Alpha(file, key, path) : rank));
        return LoraAdapters.Attach(model, weights, (int)rank, alpha, path);
    }

    private static double Alpha(SafetensorsFile file, string key, string path)
    {
        var alpha = file.ReadFloat(key);
        return alpha.numel() == 1 && double.IsFinite(alpha.ToNumber())
            ? alpha.ToNumber()
            : throw new UserErrorException($"{path}: {key}: expected one finite number; the file is damaged, export it anew.");
    }

    /// <summary>What all layers share.</summary>
    private static double Common(string what, string path, IEnumerable<double> values)
    {
        double[] distinct = [.. values.Distinct().Order()];
        return distinct is [var only] ? only : throw new UserErrorException(
            $"{path}: expected one {what} for all layers, found {string.Join(", ", distinct)}, which is not supported; train or export it with one {what}.");
    }

    /// <summary>Newer versions of diffusers can write peft's settings beside the weights; any that would scale them otherwise is refused.</summary>
    private static void RequireScaleOne(IReadOnlyDictionary<string, string> metadata, string path)
    {
        if (!metadata.TryGetValue(DiffusersMetadata, out var text))
            return;
        try
        {
            using var settings = JsonDocument.Parse(text);
            var unet = settings.RootElement.EnumerateObject().Where(entry => entry.Name.StartsWith("unet.", StringComparison.Ordinal)).ToDictionary(
                entry => entry.Name["unet.".Length..], entry => entry.Value.GetRawText(), StringComparer.Ordinal);
            var (rank, alpha) = (unet.GetValueOrDefault("r"), unet.GetValueOrDefault("lora_alpha"));
            var other = ((string[])["alpha_pattern", "rank_pattern", "use_dora", "use_rslora"]).FirstOrDefault(key => unet.GetValueOrDefault(key, "false") is not ("false" or "{}" or "null"));
            if (rank != alpha || other is not null)
            {
                throw new UserErrorException(
                    $"{path}: {DiffusersMetadata}: {(other is null ? $"lora_alpha = {alpha} with r = {rank}" : $"{other} = {unet[other]}")} is not supported here; save the adapter without it, the scale in its weights, or as a peft folder.");
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or ArgumentException)
        {
            throw new UserErrorException($"{path}: {DiffusersMetadata} is no JSON object ({error.Message}); export the adapter anew.", error);
        }
    }
}
