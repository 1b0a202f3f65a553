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
    private const string Prefix = "base_model.model.";
    private const string Down = ".lora_A.weight";
    private const string Up = ".lora_B.weight";

    /// <summary>Writes the folder.</summary>
    /// <param name="adapters">What to write.</param>
    /// <param name="folder">Made or replaced as a whole, by <see cref="AtomicFolder.Replace"/>.</param>
    /// <param name="baseModel">Name or path of the base model, for people.</param>
    public static void Save(LoraAdapters adapters, string folder, string baseModel) =>
        AtomicFolder.Replace(folder, files => Write(adapters, files, baseModel));

    private static void Write(LoraAdapters adapters, string folder, string baseModel)
    {
        SafetensorsWriter.Write(
            Path.Combine(folder, WeightsFile),
            adapters.Parameters().Select(entry => (Prefix + entry.Name, (Tensor)entry.Value.detach())),
            SafetensorsWriter.PyTorch);
        ModelJson.Write(Path.Combine(folder, ConfigFile), new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["auto_mapping"] = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["base_model_class"] = "UNet2DConditionModel",
                ["parent_library"] = "diffusers.models.unets.unet_2d_condition",
            },
            ["base_model_name_or_path"] = baseModel,
            ["bias"] = "none",
            ["fan_in_fan_out"] = false,
            ["inference_mode"] = true,
            ["init_lora_weights"] = "gaussian",
            ["lora_alpha"] = adapters.Alpha,
            ["lora_dropout"] = 0.0,
            ["peft_type"] = "LORA",
            ["r"] = adapters.Rank,
            ["target_modules"] = adapters.Items.Select(item => Target(item.Module)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal),
            ["use_dora"] = false,
            ["use_rslora"] = false,
        });
    }

    /// <summary>Reads the folder and attaches its adapters to <paramref name="model"/>.</summary>
    /// <exception cref="UserErrorException">A file is missing or damaged, uses an unsupported option, or belongs to another base model.</exception>
    public static LoraAdapters Load(nn.Module model, string folder)
    {
        if (!Directory.Exists(folder))
            throw new UserErrorException($"No adapter at {Path.GetFullPath(folder)}: expected a folder with {ConfigFile} and {WeightsFile}, such as RUN/adapter, or a safetensors file of diffusers or kohya.");
        if (!File.Exists(Path.Combine(folder, ConfigFile)))
        {
            var below = Path.Combine(folder, "adapter");
            throw new UserErrorException($"{folder} holds no adapter: expected {ConfigFile} and {WeightsFile} in it; {(Directory.Exists(below) ? $"did you mean {below}?" : "check the path.")}");
        }

        var config = new ModelConfigReader(Path.Combine(folder, ConfigFile));
        var (rank, alpha) = (config.Int("r"), config.Number("lora_alpha"));
        config.Require("peft_type", "LORA");
        config.Require("bias", "none");
        config.Ignore(
            "auto_mapping", "base_model_name_or_path", "inference_mode", "init_lora_weights", "lora_dropout", "megatron_core", "target_modules", "task_type");
        config.Finish();

        using var scope = NewDisposeScope();
        using var file = SafetensorsFile.Open(Path.Combine(folder, WeightsFile));
        var unexpected = file.Keys.FirstOrDefault(key => !key.StartsWith(Prefix, StringComparison.Ordinal) || !(key.EndsWith(Down, StringComparison.Ordinal) || key.EndsWith(Up, StringComparison.Ordinal)));
        if (unexpected is not null)
            throw new UserErrorException($"{Path.Combine(folder, WeightsFile)}: unexpected key {unexpected}; expected {Prefix}MODULE{Down} and {Prefix}MODULE{Up}.");
        var weights = file.Keys.Where(key => key.EndsWith(Down, StringComparison.Ordinal)).ToDictionary(
            key => key[Prefix.Length..^Down.Length],
            key => (file.ReadFloat(key), file.ReadFloat(key[..^Down.Length] + Up)),
            StringComparer.Ordinal);
        return LoraAdapters.Attach(model, weights, rank, alpha, folder);
    }

    /// <summary>The last part of a path that is no number alone: <c>to_q</c>, <c>to_out.0</c>.</summary>
    private static string Target(string module)
    {
        var parts = module.Split('.');
        return int.TryParse(parts[^1], out _) ? $"{parts[^2]}.{parts[^1]}" : parts[^1];
    }
}
