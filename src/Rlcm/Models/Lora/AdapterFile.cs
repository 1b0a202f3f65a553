using Rlcm.Checkpoints;
using Rlcm.Runtime;
using TorchSharp;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;

namespace Rlcm.Models.Lora;

/// <summary>
/// Reads adapters in every layout that is in use: peft's folder, and the single files of diffusers (<c>unet.MODULE.lora.down.weight</c>, in newer
/// ones <c>lora_A</c>; no alpha, its share alpha / r is part of the up weights) and kohya (<c>lora_unet_MODULE.lora_down.weight</c>, dots
/// of the module as underscores, and <c>.alpha</c>).
/// </summary>
public static class AdapterFile
{
    private const string DiffusersFile = "pytorch_lora_weights.safetensors";
    private const string Alpha = ".alpha";

    private static readonly Names[] Layouts =
    [
        new("unet.", ".lora.down.weight", ".lora.up.weight"),
        new("unet.", ".lora_A.weight", ".lora_B.weight"),
        new("lora_unet_", ".lora_down.weight", ".lora_up.weight"),
    ];

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
        var names = Layouts.FirstOrDefault(layout => file.Keys.Any(layout.IsDown))
            ?? throw new UserErrorException($"{path}: no adapter of a U-Net: expected keys such as {Layouts[0].Example} (diffusers) or {Layouts[^1].Example} (kohya), found {file.Keys.FirstOrDefault() ?? "none"}.");
        if (file.Keys.FirstOrDefault(key => !names.IsDown(key) && !(names.DownOf(key) is { } down && file.Keys.Contains(down))) is { } unexpected)
            throw new UserErrorException($"{path}: unexpected key {unexpected}; expected only keys such as {names.Example}, adapters of the U-Net.");

        string[] modules = [.. file.Keys.Where(names.IsDown).Select(names.Module)];
        var paths = model.named_modules().Where(entry => entry.module is LoraLayer).ToDictionary(entry => entry.name.Replace('.', '_'), entry => entry.name, StringComparer.Ordinal);
        var weights = modules.ToDictionary(
            module => paths.GetValueOrDefault(module.Replace('.', '_'), module),
            module => (file.ReadFloat(names.Prefix + module + names.Down), file.ReadFloat(names.Prefix + module + names.Up)),
            StringComparer.Ordinal);
        var rank = (int)weights.Values.First().Item1.shape[0];
        return LoraAdapters.Attach(model, weights, rank, CommonAlpha(file, modules, names, rank, path), path);
    }

    /// <summary>The alpha of all layers: kohya's <c>.alpha</c>, else r, which scales by 1.</summary>
    private static double CommonAlpha(SafetensorsFile file, string[] modules, Names names, int rank, string path)
    {
        double[] alphas = [.. modules.Select(module => names.Prefix + module + Alpha)
            .Select(key => file.Keys.Contains(key) ? file.ReadFloat(key).ToNumber() : rank).Distinct().Order()];
        return alphas.Length == 1 ? alphas[0] : throw new UserErrorException($"{path}: expected one alpha for all layers, found {string.Join(", ", alphas.Take(2))}; export it anew with one alpha.");
    }

    private sealed record Names(string Prefix, string Down, string Up)
    {
        public string Example => $"{Prefix}MODULE{Down}";

        public bool IsDown(string key) => key.StartsWith(Prefix, StringComparison.Ordinal) && key.EndsWith(Down, StringComparison.Ordinal);

        public string Module(string key) => key[Prefix.Length..^Down.Length];

        /// <summary>The down weight that an up weight or an alpha belongs to; null of other keys.</summary>
        public string? DownOf(string key) => ((string[])[Up, Alpha]).FirstOrDefault(suffix => key.EndsWith(suffix, StringComparison.Ordinal)) is { } suffix
            ? key[..^suffix.Length] + Down
            : null;
    }
}
