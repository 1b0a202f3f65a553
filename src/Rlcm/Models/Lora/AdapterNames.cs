using Rlcm.Runtime;

namespace Rlcm.Models.Lora;

/// <summary>How the tensors of an adapter's file are named.</summary>
/// <param name="Prefix">Before the module's name.</param>
/// <param name="Down">After it, for A.</param>
/// <param name="Up">After it, for B.</param>
internal sealed record AdapterNames(string Prefix, string Down, string Up)
{
    private const string Alpha = ".alpha";
    private const string Peft = "base_model.model.";

    private static readonly AdapterNames Diffusers = new("unet.", ".lora.down.weight", ".lora.up.weight");
    private static readonly AdapterNames NewerDiffusers = new("unet.", ".lora_A.weight", ".lora_B.weight");
    private static readonly AdapterNames Kohya = new("lora_unet_", ".lora_down.weight", ".lora_up.weight");

    /// <summary>The names that <paramref name="keys"/> of the file <paramref name="path"/> follow, all of them.</summary>
    /// <exception cref="UserErrorException">They follow none.</exception>
    public static AdapterNames Of(IReadOnlyCollection<string> keys, string path)
    {
        var names = ((AdapterNames[])[Diffusers, NewerDiffusers, Kohya]).FirstOrDefault(layout => keys.Any(layout.IsDown));
        if (names is null && keys.Any(key => key.StartsWith(Peft, StringComparison.Ordinal)))
            throw new UserErrorException($"{path} is the weights of a peft folder, whose adapter_config.json says how to scale them; give the folder.");
        if (names is null)
            throw new UserErrorException($"{path}: no adapter of a U-Net: expected keys such as {Diffusers.Example} (diffusers) or {Kohya.Example} (kohya), found {keys.FirstOrDefault() ?? "none"}.");
        if (keys.FirstOrDefault(key => !names.IsDown(key) && !names.BelongsToDown(key, keys)) is { } unexpected)
            throw new UserErrorException($"{path}: unexpected key {unexpected}; expected only keys such as {names.Example}, adapters of the U-Net.");
        return names;
    }

    /// <summary>Whether <paramref name="key"/> is that of an A.</summary>
    public bool IsDown(string key) => key.StartsWith(Prefix, StringComparison.Ordinal) && key.EndsWith(Down, StringComparison.Ordinal);

    /// <summary>The module that <paramref name="down"/> adapts, as it is spelt there.</summary>
    public string Module(string down) => down[Prefix.Length..^Down.Length];

    /// <summary>Key of a module's A.</summary>
    public string DownOf(string module) => Prefix + module + Down;

    /// <summary>Key of a module's B.</summary>
    public string UpOf(string module) => Prefix + module + Up;

    /// <summary>Key of a module's alpha.</summary>
    public string AlphaOf(string module) => Prefix + module + Alpha;

    private string Example => DownOf("MODULE");

    private bool BelongsToDown(string key, IReadOnlyCollection<string> keys) => ((string[])[Up, Alpha]).Any(ending =>
        key.EndsWith(ending, StringComparison.Ordinal) && keys.Contains(key[..^ending.Length] + Down, StringComparer.Ordinal));
}
