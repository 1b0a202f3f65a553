using System.CommandLine;
using Rlcm.Checkpoints;
using Rlcm.Models;
using Rlcm.Models.Lora;
using Rlcm.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlcm.Cli.Commands;

/// <summary><c>rlcm export</c>: writes an adapter for other tools.</summary>
internal static class ExportCommand
{
    private const string Merged = "merged";
    private const string FileEnding = ".safetensors";

    private static readonly Dictionary<string, AdapterFormat?> Formats = new(StringComparer.Ordinal)
    {
        ["peft"] = AdapterFormat.Peft,
        ["diffusers"] = AdapterFormat.Diffusers,
        ["kohya"] = AdapterFormat.Kohya,
        [Merged] = null,
    };

    private static readonly Dictionary<string, ScalarType> Dtypes = new(StringComparer.Ordinal)
    {
        ["fp32"] = ScalarType.Float32,
        ["fp16"] = ScalarType.Float16,
        ["bf16"] = ScalarType.BFloat16,
    };

    public static Command Create(Terminal terminal)
    {
        var source = new Argument<string>("RUN|ADAPTER") { Description = "A run's folder, whose adapter is exported, or an adapter of peft, diffusers or kohya" };
        var formatOption = new Option<string>("--format") { Description = "peft: a folder; diffusers: a folder for load_lora_weights; kohya: a file for ComfyUI, A1111 and stable-diffusion.cpp; merged: a whole model in diffusers layout", HelpName = string.Join('|', Formats.Keys), Required = true };
        var dtypeOption = new Option<string>("--dtype") { Description = "Type of the stored weights", HelpName = string.Join('|', Dtypes.Keys), DefaultValueFactory = _ => "fp32" };
        var best = new Option<bool>("--best") { Description = "The run's best adapter instead of its last" };
        var modelOption = new Option<string?>("--model") { Description = "Base model, which merged needs, and which other formats are checked against [default for merged: the one that the run or the adapter names]", HelpName = ModelOptions.Value };
        var lcmLora = new Option<string?>("--lcm-lora") { Description = ModelOptions.LcmLoraDescription, HelpName = "FILE" };
        var download = new DownloadOption();
        var output = new Option<string>("--output") { Description = "A new folder; for kohya a new file F.safetensors", HelpName = "PATH", Required = true };
        var command = new DocumentedCommand(
            "export",
            "Writes a tuned adapter for other tools, or a whole model with it merged.",
            "rlcm export runs/small --format kohya --output small.safetensors",
            "rlcm export runs/small --best --format diffusers --output small",
            "rlcm export runs/small --format merged --dtype fp16 --output small-model",
            "rlcm export small.safetensors --format merged --model ~/LCM_Dreamshaper_v7 --output tuned")
            { source, formatOption, dtypeOption, best, modelOption, lcmLora, download, output };
        command.SetAction((arguments, stop) =>
        {
            var format = arguments.OneOf(formatOption, Formats);
            var dtype = arguments.OneOf(dtypeOption, Dtypes);
            var target = CheckOutput(arguments.Checked(output, path => path.Length > 0, "a file or a folder"), format, arguments.GetRequiredValue(formatOption));
            var found = ExportSource.Find(arguments.GetRequiredValue(source), arguments.GetValue(best));
            var given = arguments.GetValue(modelOption);
            (string Folder, TextToImageModel Model) LoadModel(string name)
            {
                var folder = download.Find(arguments, name, terminal, stop);
                return (folder, TextToImageModel.Load(folder, (arguments.GetValue(lcmLora) ?? found.LcmLora) is { } file ? ShippedFiles.Require(file, "the LCM-LoRA") : null));
            }

            var written = format is { } adapterFormat
                ? WriteAdapter(found, given, LoadModel, adapterFormat, target, dtype, terminal)
                : WriteMerged(found, given, LoadModel, target, dtype, terminal, stop);
            terminal.Output.WriteLine($"Wrote {written} to {target}.");
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }

    private static string WriteAdapter(ExportSource source, string? modelName, Func<string, (string Folder, TextToImageModel Model)> loadModel, AdapterFormat format, string target, ScalarType dtype, Terminal terminal)
    {
        using var scope = NewDisposeScope();
        var provenance = source.Provenance;
        if (modelName is not null)
        {
            using var model = loadModel(modelName).Model;
            using var adapters = Attach(source, model, modelName, terminal);
            if (provenance.BaseUnetSha256 is null)
                provenance = provenance with { BaseModel = modelName, BaseUnetSha256 = model.UnetSha256 };
        }

        var weights = AdapterFile.Read(source.Adapter);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        AdapterFile.Save(weights, format, target, dtype, provenance);
        return $"{weights.Layers.Count} layers of rank {weights.Rank}";
    }

    private static string WriteMerged(ExportSource source, string? given, Func<string, (string Folder, TextToImageModel Model)> loadModel, string target, ScalarType dtype, Terminal terminal, CancellationToken stop)
    {
        var name = given ?? source.Provenance.BaseModel
            ?? throw new UserErrorException($"{source.Adapter} does not say what it was made for, which is needed to merge it: give the folder of its base model as --model.");
        var (folder, loaded) = loadModel(name);
        using var model = loaded;
        using var adapters = Attach(source, model, name, terminal);
        stop.ThrowIfCancellationRequested();
        model.Save(target, dtype, ModelFolder.Open(folder).Tokenizer, adapters);
        return $"{name} with {adapters.Items.Count} layers merged";
    }

    private static LoraAdapters Attach(ExportSource source, TextToImageModel model, string name, Terminal terminal)
    {
        var adapters = AdapterFile.Load(model.Unet, source.Adapter);
        if (source.Provenance.Mismatch(source.Adapter, name, model) is { } finding)
            terminal.Error.WriteLine(finding);
        return adapters;
    }

    /// <summary>The full path; nothing is there yet, or an empty folder.</summary>
    private static string CheckOutput(string path, AdapterFormat? format, string name)
    {
        var isFile = path.EndsWith(FileEnding, StringComparison.OrdinalIgnoreCase);
        if (isFile != (format == AdapterFormat.Kohya))
            throw new UserErrorException($"--output: expected {(isFile ? "a folder" : $"a file F{FileEnding}")} for {name}, found {path}.");
        if (isFile)
            OutputPath.CheckNewFile(path);
        else
            OutputPath.CheckFolder(path);
        return Path.GetFullPath(path);
    }
}
