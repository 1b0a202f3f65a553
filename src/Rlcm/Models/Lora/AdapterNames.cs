using System.Text.RegularExpressions;
using Rlcm.Runtime;

namespace Rlcm.Models.Lora;

/// <summary>How the tensors of an adapter's file are named.</summary>
/// <param name="Prefix">Before the module's name.</param>
/// <param name="Down">After it, for A.</param>
/// <param name="Up">After it, for B.</param>
/// <param name="HasDots">Whether the module is spelt with its dots; otherwise they are underscores.</param>
internal sealed partial record AdapterNames(string Prefix, string Down, string Up, bool HasDots = true)
{
    /// <summary>Names of peft.</summary>
    public static readonly AdapterNames Peft = new("base_model.model.", ".lora_A.weight", ".lora_B.weight");

    /// <summary>Names of diffusers.</summary>
    public static readonly AdapterNames Diffusers = new("unet.", ".lora.down.weight", ".lora.up.weight");

    /// <summary>Names of kohya.</summary>
    public static readonly AdapterNames Kohya = new("lora_unet_", ".lora_down.weight", ".lora_up.weight", HasDots: false);

    private const string Alpha = ".alpha";

    private static readonly AdapterNames NewerDiffusers = new("unet.", ".lora_A.weight", ".lora_B.weight");

    /// <summary>The names that <paramref name="keys"/> of the file <paramref name="path"/> follow, all of them.</summary>
    /// <exception cref="FileContentException">They follow none.</exception>
    public static AdapterNames Of(IReadOnlyCollection<string> keys, string path)
    {
        var names = ((AdapterNames[])[Diffusers, NewerDiffusers, Kohya]).FirstOrDefault(layout => keys.Any(layout.IsDown));
        if (names is null && keys.Any(key => key.StartsWith(Peft.Prefix, StringComparison.Ordinal)))
            throw new FileContentException(path, null, $"{path} is the weights of a peft folder, whose adapter_config.json says how to scale them; give the folder as --adapter, or for --lcm-lora a file of diffusers or kohya.");
        if (names is null)
            throw new FileContentException(path, null, $"{path}: no adapter of a U-Net: expected keys such as {Diffusers.Example} (diffusers) or {Kohya.Example} (kohya), found {keys.FirstOrDefault() ?? "none"}; give an adapter of a U-Net.");
        if (keys.FirstOrDefault(key => !names.IsDown(key) && !names.BelongsToDown(key, keys)) is { } unexpected)
            throw new FileContentException(path, $"tensor '{unexpected}'", $"{path}: unexpected key {unexpected}; expected only keys such as {names.Example}, adapters of the U-Net; export it without the others.");
        return names;
    }

    /// <summary>
    /// The key that diffusers gives a tensor today: until version 0.21 adapters were attention processors, <c>unet.ATTENTION.processor.to_q_lora.down.weight</c>,
    /// at first without <c>unet.</c>
    /// </summary>
    public static string Current(string key) => ProcessorKey.Match(key) is { Success: true } old
        ? $"{Diffusers.Prefix}{old.Groups["attention"].Value}.to_{old.Groups["layer"].Value}{(old.Groups["layer"].Value == "out" ? ".0" : "")}.lora.{old.Groups["end"].Value}"
        : key;

    /// <summary>Whether <paramref name="key"/> is that of an A.</summary>
    public bool IsDown(string key) => key.StartsWith(Prefix, StringComparison.Ordinal) && key.EndsWith(Down, StringComparison.Ordinal);

    /// <summary>What <paramref name="down"/>, the key of an A, calls its module.</summary>
    public string Spelling(string down) => down[Prefix.Length..^Down.Length];

    /// <summary>How a module is spelt here.</summary>
    public string Spell(string module) => HasDots ? module : module.Replace('.', '_');

    /// <summary>Key of a module's A.</summary>
    public string DownOf(string spelling) => Prefix + spelling + Down;

    /// <summary>Key of a module's B.</summary>
    public string UpOf(string spelling) => Prefix + spelling + Up;

    /// <summary>Key of a module's alpha.</summary>
    public string AlphaOf(string spelling) => Prefix + spelling + Alpha;

    /// <summary>The path of a module that is spelt with underscores for dots, which only names of several words keep: those of diffusers' U-Nets.</summary>
    public static string ModuleOf(string spelling) => spelling.Contains('.', StringComparison.Ordinal)
        ? spelling
        : SeveralWords.Replace(spelling.Replace('_', '.'), name => name.Value.Replace('.', '_'));

    private string Example => DownOf("MODULE");

    private bool BelongsToDown(string key, IReadOnlyCollection<string> keys) => ((string[])[Up, Alpha]).Any(ending =>
        key.EndsWith(ending, StringComparison.Ordinal) && keys.Contains(key[..^ending.Length] + Down, StringComparer.Ordinal));

    [GeneratedRegex(@"^(unet\.)?(?<attention>.+)\.processor\.to_(?<layer>q|k|v|out)_lora\.(?<end>(down|up)\.weight)$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex ProcessorKey { get; }

    [GeneratedRegex(@"\b((down|up|transformer)\.blocks|mid\.block|to\.(q|k|v|out)|proj\.(in|out)|conv\.(in|out|shortcut)|time\.emb\.proj|time\.embedding|linear\.\d|cond\.proj)\b", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex SeveralWords { get; }
}
