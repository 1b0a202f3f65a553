using System.CommandLine;
using System.Globalization;
using Rlcm.Inspection;
using Rlcm.Models;
using Spectre.Console;

namespace Rlcm.Cli.Commands;

/// <summary><c>rlcm inspect</c>: what a file or folder is, and what keeps it from being used.</summary>
internal static class InspectCommand
{
    public static Command Create(Terminal terminal)
    {
        var pathArgument = new Argument<string>("PATH") { Description = "A model (a folder, or a name on the Hub that is in the cache), a run, an adapter, or weights (.safetensors, .bin, .ckpt, .pth)" };
        var keys = new Option<bool>("--keys") { Description = "List every tensor with its type and shape" };
        var download = new DownloadOption();
        var command = new DocumentedCommand(
            "inspect",
            "Says what a file or folder is: parts, weights, what is missing for RLCM, memory needed. Nothing is changed.",
            "rlcm inspect models/emoji-lcm",
            "rlcm inspect runs/small",
            "rlcm inspect pytorch_lora_weights.safetensors --keys")
            { pathArgument, keys, download };
        command.SetAction((arguments, stop) =>
        {
            var path = arguments.GetRequiredValue(pathArgument);
            download.Apply(arguments, path, terminal, stop);
            var found = PathInspector.Inspect(path);
            Print(terminal, found);
            if (arguments.GetValue(keys))
                PrintKeys(terminal, found.Weights);
            return Task.FromResult(found.Problems.Count == 0 ? ExitCode.Success : ExitCode.UserError);
        });
        return command;
    }

    private static void Print(Terminal terminal, PathInspection found)
    {
        var output = terminal.Output;
        output.WriteLine(found.Title);
        foreach (var (name, value) in found.Facts)
            output.WriteLine($"{name}: {value}");
        if (found.Weights.Count > 0)
        {
            foreach (var part in found.Weights)
                output.WriteLine($"{part.Part}: {string.Join(", ", part.Files)}");
            terminal.Write(WeightsTable(found.Weights));
        }

        if (found.Memory.Count > 0)
            terminal.Write(MemoryTable(found.Memory));
        foreach (var problem in found.Problems)
            terminal.Error.WriteLine($"problem: {problem}");
    }

    private static Table WeightsTable(IReadOnlyList<InspectedWeights> weights)
    {
        var table = new Table().AddColumns("part", "tensors", "numbers", "type");
        foreach (var part in weights)
            table.AddRow(Markup.Escape(part.Part), $"{part.Tensors.Count}", part.Parameters.ToString("N0", CultureInfo.InvariantCulture), part.Dtypes);
        return table;
    }

    /// <summary>A row for each size and micro-batch; predictions with recomputed activations and with kept ones.</summary>
    private static Table MemoryTable(IReadOnlyList<MemoryNeed> needs)
    {
        var table = new Table().Title("predicted memory for training, GB (recomputed: gradientCheckpointing)").AddColumns("pictures", "microBatch", "recomputed", "fp32", "GPU, 16 bits", "preset");
        foreach (var group in needs.GroupBy(need => (need.Height, need.Width, need.MicroBatch, need.GradientCheckpointing)))
        {
            string Gigabytes(ComputePrecision precision) => $"{group.Single(need => need.Precision == precision).Bytes / 1e9:f1}";
            table.AddRow(
                $"{group.Key.Width} x {group.Key.Height}", $"{group.Key.MicroBatch}", group.Key.GradientCheckpointing ? "yes" : "no",
                Gigabytes(ComputePrecision.Fp32), Gigabytes(ComputePrecision.Bf16), string.Join('\n', group.First().Presets()));
        }

        return table;
    }

    private static void PrintKeys(Terminal terminal, IReadOnlyList<InspectedWeights> weights)
    {
        foreach (var part in weights)
        {
            foreach (var tensor in part.Tensors)
                terminal.Output.WriteLine($"{part.Part}: {tensor.Name} {InspectedWeights.NameOf(tensor.Dtype)} [{string.Join(", ", tensor.Shape)}]");
        }
    }
}
