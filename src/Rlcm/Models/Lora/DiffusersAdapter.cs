using System.Text;
using System.Text.Json;
using Rlcm.Checkpoints;
using Rlcm.Runtime;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;

namespace Rlcm.Models.Lora;

/// <summary>What diffusers' <c>load_lora_weights</c> reads: a folder with one file, without alpha, so that scale 1 is right.</summary>
internal static class DiffusersAdapter
{
    /// <summary>The file that diffusers looks for.</summary>
    public const string FileName = "pytorch_lora_weights.safetensors";

    private const string Settings = "lora_adapter_metadata";

    /// <summary>Writes the folder, made or replaced as a whole.</summary>
    public static void Save(AdapterWeights weights, string folder, AdapterProvenance provenance, ScalarType dtype)
    {
        var names = AdapterNames.Diffusers;
        var tensors = weights.Layers.SelectMany(layer => (IEnumerable<(string, Tensor)>)
            [(names.DownOf(layer.Key), layer.Value.A), (names.UpOf(layer.Key), layer.Value.B * Kept(weights.Scale))]);
        AtomicFolder.Replace(folder, files => SafetensorsWriter.Write(Path.Combine(files, FileName), tensors, provenance.ToMetadata(SafetensorsWriter.PyTorch), dtype));
    }

    /// <summary>Newer versions of diffusers can write peft's settings beside the weights; any that would scale them otherwise is refused.</summary>
    public static void RequireScaleOne(IReadOnlyDictionary<string, string> metadata, string path)
    {
        if (!metadata.TryGetValue(Settings, out var text))
            return;
        try
        {
            using var settings = StrictJson.Parse(Encoding.UTF8.GetBytes(text));
            var unet = settings.RootElement.EnumerateObject().Where(entry => entry.Name.StartsWith("unet.", StringComparison.Ordinal)).ToDictionary(
                entry => entry.Name["unet.".Length..], entry => entry.Value.GetRawText(), StringComparer.Ordinal);
            var (rank, alpha) = (unet.GetValueOrDefault("r"), unet.GetValueOrDefault("lora_alpha"));
            var other = ((string[])["alpha_pattern", "rank_pattern", "use_dora", "use_rslora"]).FirstOrDefault(key => unet.GetValueOrDefault(key, "false") is not ("false" or "{}" or "null"));
            if (rank != alpha || other is not null)
            {
                throw new FileContentException(
                    path, Settings, $"{path}: {Settings}: {(other is null ? $"lora_alpha = {alpha} with r = {rank}" : $"{other} = {unet[other]}")} is not supported here; save the adapter without it, the scale in its weights, or as a peft folder.");
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new FileContentException(path, Settings, $"{path}: {Settings} is no JSON object ({JsonMistake.Describe(error)}); export the adapter anew.", error);
        }
    }
}
