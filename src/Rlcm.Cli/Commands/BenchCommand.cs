using System.CommandLine;
using System.Globalization;
using Rlcm.Benchmarks;
using Rlcm.Models;
using Rlcm.Runtime;
using Rlcm.Synthetic;
using Spectre.Console;

namespace Rlcm.Cli.Commands;

/// <summary><c>rlcm bench</c>: how fast this machine is with a model, and how much memory that takes.</summary>
internal static class BenchCommand
{
    private const long LargeModel = 1_000_000_000;
    private const string LoadPart = "load";
    private const string UnetPart = "unet";
    private const string VaePart = "vae";
    private const string UpdatePart = "update";

    public static Command Create(Terminal terminal)
    {
        var model = new Option<string?>("--model") { Description = $"Model to time: {ModelOptions.Places} [default: one as large as LCM_Dreamshaper_v7, of random weights]", HelpName = ModelOptions.Value };
        var work = new Option<string?>("--work") { Description = "Keep the default model (4.3 GB) in this folder for the next time [default: a temporary folder, deleted at the end]", HelpName = "DIR" };
        var parts = new Option<string[]>("--parts") { Description = "What to time: load, unet, vae, update; may be repeated [default: all]", HelpName = "PART", AllowMultipleArgumentsPerToken = true };
        var height = new Option<int>("--height") { Description = "Height of the pictures, a multiple of 8", HelpName = "PIXELS", DefaultValueFactory = _ => 512 };
        var width = new Option<int>("--width") { Description = "Width of the pictures, a multiple of 8", HelpName = "PIXELS", DefaultValueFactory = _ => 512 };
        var batch = new Option<int>("--batch") { Description = "Pictures at a time", HelpName = "N", DefaultValueFactory = _ => 1 };
        var repeats = new Option<int>("--repeats") { Description = "Timed runs of U-Net and VAE; their median counts", HelpName = "N", DefaultValueFactory = _ => 3 };
        var keepActivations = new Option<bool>("--keep-activations") { Description = "Time the update without gradient checkpointing" };
        var download = new DownloadOption();
        var lcmLora = new Option<string?>("--lcm-lora") { Description = ModelOptions.LcmLoraDescription, HelpName = "FILE" };
        var device = new DeviceOptions();
        var threads = new ThreadsOption();
        var command = new DocumentedCommand(
            "bench",
            "Times loading, U-Net, VAE and a whole update of a model, with the share of a plain matrix product's speed that they reach and the peak of memory.",
            "rlcm bench",
            "rlcm bench --model models/emoji-lcm --height 64 --width 64 --batch 16",
            "rlcm bench --parts update --height 768 --width 768")
            { model, download, lcmLora, work, parts, height, width, batch, repeats, keepActivations, threads };
        device.AddTo(command);
        command.SetAction((arguments, stop) =>
        {
            threads.Apply(arguments);
            var settings = new BenchmarkSettings(
                arguments.Checked(height, side => OptionChecks.IsSide(side), OptionChecks.Side), arguments.Checked(width, side => OptionChecks.IsSide(side), OptionChecks.Side),
                arguments.Checked(batch, number => number >= 1, OptionChecks.Count), arguments.Checked(repeats, number => number >= 1, OptionChecks.Count))
            {
                Target = device.Find(arguments),
                GradientCheckpointing = !arguments.GetValue(keepActivations),
                LcmLora = arguments.GetValue(lcmLora) is { } file ? ShippedFiles.Require(file, "the LCM-LoRA") : null,
            };
            string[] all = [LoadPart, UnetPart, VaePart, UpdatePart];
            var wanted = arguments.GetValue(parts) is { Length: > 0 } some ? some : all;
            foreach (var part in wanted)
                OptionChecks.RequireOneOf(parts, part, all);
            if (arguments.GetValue(model) is not null && arguments.GetValue(work) is not null)
                throw new UserErrorException("--work keeps the model that is timed without --model, found both; leave one of them out.");
            if (arguments.GetValue(model) is { } named)
                Measure(download.Find(arguments, named, terminal, stop), settings, wanted, terminal, stop);
            else
                MeasureSynthetic(arguments.Checked(work, path => path is null || path.Length > 0, "a folder"), settings, wanted, terminal, stop);
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }

    private static void MeasureSynthetic(string? work, BenchmarkSettings settings, string[] parts, Terminal terminal, CancellationToken stop)
    {
        var folder = work ?? Path.Combine(Path.GetTempPath(), $"rlcm-bench-{Environment.ProcessId}");
        try
        {
            if (!File.Exists(Path.Combine(folder, ModelFolder.IndexFile)))
            {
                OutputPath.CheckFolder(folder, "--work");
                terminal.Output.WriteLine($"writing a model of random weights to {folder}{(work is null ? " for the time being" : "")}");
                SyntheticModel.Write(folder, SyntheticShape.FullSize, new());
            }

            Measure(folder, settings, parts, terminal, stop);
        }
        finally
        {
            if (work is null && Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
    }

    private static void Measure(string folder, BenchmarkSettings settings, string[] parts, Terminal terminal, CancellationToken stop)
    {
        using var benchmark = new ModelBenchmark(folder, settings, stop);
        var results = new List<BenchmarkResult>();
        void Add(BenchmarkResult result)
        {
            results.Add(result);
            terminal.Output.WriteLine(Line(result));
        }

        if (parts.Contains(UpdatePart))
            benchmark.RequireUpdate();
        if (parts.Contains(LoadPart))
            Add(benchmark.Loading);
        if (parts.Contains(UnetPart))
        {
            Add(benchmark.MeasureForward());
            Add(benchmark.MeasureBackward(checkpointing: false));
            Add(benchmark.MeasureBackward(checkpointing: true));
        }

        if (parts.Contains(VaePart))
            Add(benchmark.MeasureDecoder());
        if (parts.Contains(UpdatePart))
            Add(benchmark.MeasureUpdate());
        terminal.Write(TableOf(results, settings));
    }

    private static string Line(BenchmarkResult result) => $"{result.Part}: {Seconds(result)} s" + (result is { PeakBytes: { } peak, LoadedBytes: { } loaded and >= LargeModel } // of a small one, the program is most
        ? $", {Number(loaded / 1e9, "f2")} GB of weights with a peak of {Number((double)peak / loaded, "f2")} times as much" : string.Empty);

    private static Table TableOf(List<BenchmarkResult> results, BenchmarkSettings settings)
    {
        var table = new Table()
            .Title($"{settings.Width} x {settings.Height}, {settings.Batch} at a time, {settings.Target.Device} {settings.Target.Dtype}")
            .AddColumns("what", "seconds", "GFLOP/s", "of sgemm's", "memory, GB");
        foreach (var result in results)
        {
            table.AddRow(
                result.Part, Seconds(result), Number(result.Speed / 1e9, "f0"),
                result.Share is { } share ? $"{Number(100 * share, "f0")} % of {Number(result.Peak / 1e9, "f0")}" : "",
                Number(result.PeakBytes / 1e9, "f2"));
        }

        return table;
    }

    private static string Seconds(BenchmarkResult result) => Number(result.Seconds, result.Seconds < 10 ? "g3" : "f1");

    private static string Number(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? "";
}
