using System.Text.Json;
using Rlcm.Checkpoints;
using Rlcm.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlcm.Models.Lora;

/// <summary>An adapter folder in peft's layout: <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>.</summary>
public static class PeftAdapter
{
    private const string ConfigFile = "adapter_config.json";
    private const string WeightsFile = "adapter_model.safetensors";
    private const string BaseModelKey = "base_model_name_or_path";

    private static readonly AdapterNames Names = AdapterNames.Peft;

    /// <summary>Writes the folder.</summary>
    /// <param name="adapters">What to write.</param>
    /// <param name="folder">Made or replaced as a whole, by <see cref="AtomicFolder.Replace"/>.</param>
    /// <param name="provenance">How they came to be, for the metadata and the configuration.</param>
    public static void Save(LoraAdapters adapters, string folder, AdapterProvenance provenance)
    {
        using var scope = NewDisposeScope();
        Save(AdapterWeights.Of(adapters), folder, provenance, ScalarType.Float32);
    }

    /// <summary>As above, stored as <paramref name="dtype"/>.</summary>
    internal static void Save(AdapterWeights weights, string folder, AdapterProvenance provenance, ScalarType dtype) =>
        AtomicFolder.Replace(folder, files => Write(weights, files, provenance, dtype));

    private static void Write(AdapterWeights weights, string folder, AdapterProvenance provenance, ScalarType dtype)
    {
        SafetensorsWriter.Write(
            Path.Combine(folder, WeightsFile),
            weights.Layers.SelectMany(layer => (IEnumerable<(string, Tensor)>)[(Names.DownOf(layer.Key), layer.Value.A), (Names.UpOf(layer.Key), layer.Value.B)]),
            provenance.ToMetadata(SafetensorsWriter.PyTorch),
            dtype);
        ModelJson.Write(Path.Combine(folder, ConfigFile), Config(weights, provenance.BaseModel));
    }

    /// <summary>All entries that peft 0.10 writes; newer versions read them as well.</summary>
    private static Dictionary<string, object?> Config(AdapterWeights weights, string? baseModel) => new(StringComparer.Ordinal)
    {
        ["alpha_pattern"] = new Dictionary<string, int>(),
        ["auto_mapping"] = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["base_model_class"] = "UNet2DConditionModel",
            ["parent_library"] = "diffusers.models.unets.unet_2d_condition",
        },
        [BaseModelKey] = baseModel,
        ["bias"] = "none",
        ["fan_in_fan_out"] = false,
        ["inference_mode"] = true,
        ["init_lora_weights"] = "gaussian",
        ["layer_replication"] = null,
        ["layers_pattern"] = null,
        ["layers_to_transform"] = null,
        ["loftq_config"] = new Dictionary<string, int>(),
        ["lora_alpha"] = weights.Alpha,
        ["lora_dropout"] = 0.0,
        ["megatron_config"] = null,
        ["megatron_core"] = "megatron.core",
        ["modules_to_save"] = null,
        ["peft_type"] = "LORA",
        ["r"] = weights.Rank,
        ["rank_pattern"] = new Dictionary<string, int>(),
        ["revision"] = null,
        ["target_modules"] = weights.Layers.Keys.Select(Target).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal),
        ["task_type"] = null,
        ["use_dora"] = false,
        ["use_rslora"] = false,
    };

    /// <summary>Reads the folder and attaches its adapters to <paramref name="model"/>.</summary>
    /// <exception cref="UserErrorException">A file is missing or damaged, uses an unsupported option, or belongs to another base model.</exception>
    public static LoraAdapters Load(nn.Module model, string folder)
    {
        using var scope = NewDisposeScope();
        var weights = Read(folder);
        return LoraAdapters.Attach(model, weights.Layers, weights.Rank, weights.Alpha, folder);
    }

    /// <summary>Reads the folder into the caller's dispose scope.</summary>
    internal static AdapterWeights Read(string folder)
    {
        var path = WeightsPath(folder);
        var config = new ModelConfigReader(Path.Combine(folder, ConfigFile));
        var (rank, alpha) = (config.Count("r"), config.Number("lora_alpha"));
        config.Require("peft_type", "LORA");
        config.Require("bias", "none");
        config.Ignore(
            "auto_mapping", BaseModelKey, "inference_mode", "init_lora_weights", "lora_dropout", "megatron_core", "target_modules", "task_type");
        config.Finish();

        using var file = SafetensorsFile.Open(path);
        var unexpected = file.Keys.FirstOrDefault(key => !key.StartsWith(Names.Prefix, StringComparison.Ordinal) || !(key.EndsWith(Names.Down, StringComparison.Ordinal) || key.EndsWith(Names.Up, StringComparison.Ordinal)));
        if (unexpected is not null)
            throw new FileContentException(path, $"tensor '{unexpected}'", $"{path}: unexpected key {unexpected}; expected {Names.DownOf("MODULE")} and {Names.UpOf("MODULE")}; export it anew with peft.");
        if (file.Keys.FirstOrDefault(key => !Names.IsDown(key) && !file.Keys.Contains(Names.DownOf(Names.Spelling(key)))) is { } single)
            throw new FileContentException(path, $"tensor '{single}'", $"{path}: {single} has no {Names.Down[1..]} beside it; the file is damaged, export it anew.");
        return new(
            file.Keys.Where(Names.IsDown).ToDictionary(Names.Spelling, key => (file.ReadWeights(key), file.ReadWeights(Names.UpOf(Names.Spelling(key)))), StringComparer.Ordinal), rank, alpha);
    }

    /// <summary>Whether <paramref name="folder"/> is an adapter of peft.</summary>
    internal static bool IsFolder(string folder) => File.Exists(Path.Combine(folder, ConfigFile));

    /// <summary>The file of weights in <paramref name="folder"/>, which is there if its configuration is.</summary>
    /// <exception cref="UserErrorException">There is no such folder, or it is none of peft's.</exception>
    internal static string WeightsPath(string folder)
    {
        if (!Directory.Exists(folder))
            throw new UserErrorException($"No adapter at {Path.GetFullPath(folder)}: expected a folder with {ConfigFile} and {WeightsFile}, such as RUN/adapter, or a safetensors file of diffusers or kohya.");
        if (File.Exists(Path.Combine(folder, ConfigFile)))
            return Path.Combine(folder, WeightsFile);
        if (Directory.Exists(ModelFolder.At(folder).Unet.Folder))
            throw new UserErrorException($"{folder} is a whole model, expected an adapter; --model of rlcm sample and rlcm evaluate takes it.");
        var below = Path.Combine(folder, "adapter");
        throw new UserErrorException($"{folder} holds no adapter: expected {ConfigFile} and {WeightsFile} in it; {(Directory.Exists(below) ? $"did you mean {below}?" : "check the path.")}");
    }

    /// <summary>What the configuration in <paramref name="folder"/> calls the base model; null where it does not, or where there is no configuration.</summary>
    internal static string? BaseModel(string folder)
    {
        var path = Path.Combine(folder, ConfigFile);
        return File.Exists(path) && new ModelConfigReader(path).Text(BaseModelKey, "") is { Length: > 0 } name ? name : null;
    }

    /// <summary>The last part of a path that is no number alone: <c>to_q</c>, <c>to_out.0</c>.</summary>
    private static string Target(string module)
    {
        var parts = module.Split('.');
        return int.TryParse(parts[^1], out _) ? $"{parts[^2]}.{parts[^1]}" : parts[^1];
    }
}
