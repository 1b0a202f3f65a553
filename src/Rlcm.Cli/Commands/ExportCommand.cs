using System.CommandLine;
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

    public static Command Create(Terminal terminal)
    {
        var source = new Argument<string>("RUN|ADAPTER") { Description = "A run's folder, whose adapter is exported, or an adapter of peft, diffusers or kohya" };
        var formatOption = new Option<string>("--format") { Description = "peft: a folder; diffusers: a folder for load_lora_weights; kohya: a file for ComfyUI, A1111 and stable-diffusion.cpp; merged: a whole model in diffusers layout", HelpName = string.Join('|', Formats.Keys), Required = true };
        var dtypeOption = new Option<string>("--dtype") { Description = "Type of the stored weights", HelpName = DeviceOptions.DtypeValue, DefaultValueFactory = _ => "fp32" };
        var best = new Option<bool>("--best") { Description = "The run's best adapter instead of its last" };
        var modelOption = new Option<string?>("--model") { Description = "Base model, which merged needs, and which other formats are checked against [default for merged: the one that the run or the adapter names]", HelpName = ModelOptions.Value };
        var download = new DownloadOption();
        var lcmLora = new Option<string?>("--lcm-lora") { Description = "LCM-LoRA that was fused into the base model [default: the one that the run or the adapter names]", HelpName = "FILE" };
        var output = new Option<string>("--output") { Description = "A new folder; for kohya a new file F.safetensors", HelpName = "PATH", Required = true };
        var command = new DocumentedCommand(
            "export",
            "Writes a tuned adapter for other tools, or a whole model with it merged.",
            "rlcm export runs/small --format kohya --output small.safetensors",
            "rlcm export runs/small --best --format diffusers --output small",
            "rlcm export runs/small --format merged --dtype fp16 --output small-model",
            "rlcm export small.safetensors --format merged --model ~/LCM_Dreamshaper_v7 --output tuned")
            { source, formatOption, dtypeOption, best, modelOption, download, lcmLora, output };
        command.SetAction((arguments, stop) =>
        {
            var format = arguments.OneOf(formatOption, Formats);
            var dtype = ComputeTarget.TypeOf(arguments.OneOf(dtypeOption, ComputeTarget.Precisions));
            var target = CheckOutput(arguments.Checked(output, path => path.Length > 0, "a file or a folder"), format, arguments.GetRequiredValue(formatOption));
            var found = ExportSource.Find(arguments.GetRequiredValue(source), arguments.GetValue(best));
            var (model, fused) = (arguments.GetValue(modelOption), arguments.GetValue(lcmLora));
            if (found.IsModel)
            {
                RequireNoBase(found, format, model is not null ? modelOption.Name : fused is not null ? lcmLora.Name : null, formatOption.Name);
                terminal.Output.WriteLine(WriteModel(found, target, dtype));
                return Task.FromResult(ExitCode.Success);
            }

            ExportBase LoadBase() => ExportBase.Load(found, model, fused, name => download.Find(arguments, name, terminal, stop));
            terminal.Output.WriteLine(format is { } adapterFormat
                ? WriteAdapter(found, model is null && fused is null ? null : LoadBase, adapterFormat, target, dtype, terminal)
                : WriteMerged(found, LoadBase, target, dtype, terminal, stop));
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }

    private static string WriteAdapter(ExportSource source, Func<ExportBase>? load, AdapterFormat format, string target, ScalarType dtype, Terminal terminal)
    {
        using var scope = NewDisposeScope();
        using var basis = load?.Invoke();
        basis?.Attach(source, terminal).Dispose(); // refuses layers that the model does not have
        var provenance = basis is null || source.Provenance.BaseUnetSha256 is not null
            ? source.Provenance
            : source.Provenance with { BaseModel = basis.Name, LcmLora = basis.LcmLora, BaseUnetSha256 = basis.Model.UnetSha256 };
        var weights = AdapterFile.Read(source.Adapter);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        AdapterFile.Save(weights, format, target, dtype, provenance);
        return $"Wrote {weights.Layers.Count} layers of rank {weights.Rank} to {target}.";
    }

    private static string WriteMerged(ExportSource source, Func<ExportBase> load, string target, ScalarType dtype, Terminal terminal, CancellationToken stop)
    {
        using var basis = load();
        stop.ThrowIfCancellationRequested();
        using var adapters = basis.Attach(source, terminal);
        basis.Model.Save(target, dtype, ModelFolder.Open(basis.Folder).Tokenizer, adapters);
        return $"Wrote {basis.Name} with {adapters.Items.Count} layers merged to {target}.";
    }

    /// <summary>A model whose whole U-Net was tuned is written as it is.</summary>
    private static string WriteModel(ExportSource source, string target, ScalarType dtype)
    {
        using var model = TextToImageModel.Load(source.Adapter);
        model.Save(target, dtype, ModelFolder.Open(source.Adapter).Tokenizer);
        return $"Wrote {source.Adapter} to {target}.";
    }

    /// <summary>Refuses what needs an adapter.</summary>
    private static void RequireNoBase(ExportSource source, AdapterFormat? format, string? baseOption, string formatOption)
    {
        if (format is not null)
            throw new UserErrorException($"{formatOption}: expected {Merged}, since the run tuned the whole U-Net and has no adapter, found {format.ToString()!.ToLowerInvariant()}; export it as {Merged}, or use the model {source.Adapter} as it is.");
        if (baseOption is not null)
            throw new UserErrorException($"{baseOption}: expected with an adapter, found it with the model {source.Adapter}, whose whole U-Net was tuned; leave it out.");
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
