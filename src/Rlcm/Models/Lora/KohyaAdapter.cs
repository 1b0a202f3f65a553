using System.Globalization;
using Rlcm.Checkpoints;
using static TorchSharp.torch;

namespace Rlcm.Models.Lora;

/// <summary>
/// The single file of kohya's sd-scripts, which ComfyUI, A1111's web UI and stable-diffusion.cpp read: modules of diffusers' U-Net with underscores
/// for dots, kernels as kernels, and an alpha for each, a number without dimensions.
/// </summary>
/// <remarks>The keys <c>ss_*</c> are those of sd-scripts, <c>modelspec.*</c> those of https://github.com/Stability-AI/ModelSpec: what tools show and sort by.</remarks>
internal static class KohyaAdapter
{
    private const int StableDiffusion1Width = 320; // channels of the first level
    private const int StableDiffusion1TextWidth = 768;

    /// <summary>Writes the file, every tensor as <paramref name="dtype"/>, as sd-scripts do.</summary>
    public static void Save(AdapterWeights weights, string path, AdapterProvenance provenance, ScalarType dtype)
    {
        var names = AdapterNames.Kohya;
        var alpha = tensor((float)weights.Alpha);
        var tensors = weights.Layers.Select(layer => (Spelling: names.Spell(layer.Key), layer.Value)).SelectMany(layer => (IEnumerable<(string, Tensor)>)
            [(names.DownOf(layer.Spelling), layer.Value.A), (names.UpOf(layer.Spelling), layer.Value.B), (names.AlphaOf(layer.Spelling), alpha)]);
        SafetensorsWriter.Write(path, tensors, Metadata(weights, provenance), dtype);
    }

    private static IReadOnlyDictionary<string, string> Metadata(AdapterWeights weights, AdapterProvenance provenance)
    {
        var model = provenance.BaseModel is { } name ? Path.GetFileName(Path.TrimEndingDirectorySeparator(name)) : null;
        var known = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["ss_network_module"] = "networks.lora",
            ["ss_network_dim"] = weights.Rank.ToString(CultureInfo.InvariantCulture),
            ["ss_network_alpha"] = weights.Alpha.ToString("R", CultureInfo.InvariantCulture),
            ["ss_sd_model_name"] = model,
            ["ss_seed"] = provenance.Seed?.ToString(CultureInfo.InvariantCulture),
            ["modelspec.title"] = model is null ? null : $"{model}{(provenance.Task is { } task ? $", {task}" : "")}",
        };
        if (IsOfStableDiffusion1(weights))
        {
            known["ss_base_model_version"] = "sd_v1";
            known["modelspec.architecture"] = "stable-diffusion-v1/lora";
            known["modelspec.implementation"] = "diffusers";
            known["modelspec.prediction_type"] = "epsilon";
        }

        return provenance.ToMetadata(known.Where(entry => entry.Value is not null).ToDictionary(entry => entry.Key, entry => entry.Value!, StringComparer.Ordinal));
    }

    /// <summary>Whether the adapter is of a U-Net as wide as Stable Diffusion 1's on a text encoder as wide as its own; false where it does not adapt the layers that tell.</summary>
    private static bool IsOfStableDiffusion1(AdapterWeights weights) => weights.Layers.Any(layer =>
        layer.Key.StartsWith("down_blocks.0.", StringComparison.Ordinal) && (layer.Key.EndsWith(".attn2.to_k", StringComparison.Ordinal) || layer.Key.EndsWith(".attn2.to_v", StringComparison.Ordinal))
        && (layer.Value.B.shape[0], layer.Value.A.shape[1]) == (StableDiffusion1Width, StableDiffusion1TextWidth));
}
