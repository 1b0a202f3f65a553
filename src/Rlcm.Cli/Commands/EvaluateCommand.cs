using System.CommandLine;
using Rlcm.Datasets;
using Rlcm.Evaluation;
using Rlcm.Models;
using Rlcm.Prompts;
using Rlcm.Runtime;
using Spectre.Console;

namespace Rlcm.Cli.Commands;

/// <summary><c>rlcm evaluate</c>: the quality figures of a model that ships a gallery.</summary>
internal static class EvaluateCommand
{
    private const double WeakShare = 0.5;
    private const int WidestSheet = 24; // pictures

    public static Command Create(Terminal terminal)
    {
        var modelOptions = new ModelOptions("Model");
        var adapterOption = new AdapterOption("Measure it with this adapter");
        var dataset = new Option<string?>("--dataset") { Description = "Image folder whose test split measures the autoencoder", HelpName = "DIR" };
        var prompts = new Option<string>("--prompts") { Description = "Prompts whose JPEG sizes are compared with the gallery's", HelpName = "FILE", DefaultValueFactory = _ => "configs/prompts/evaluation.txt" };
        var gallery = new Option<string?>("--gallery") { Description = "Pictures that drawn animals are compared with [default: the model's, or else those of models/emoji-lcm]", HelpName = "DIR" };
        var steps = new Option<int[]>("--steps") { Description = "Steps per picture [default: 50 for a diffusion model; 1, 2, 4, 8 for a consistency model]", HelpName = "N", AllowMultipleArgumentsPerToken = true };
        var guidance = new Option<double?>("--guidance") { Description = "Guidance scale [default: the model's recommendation]", HelpName = "G" };
        var seeds = new Option<int>("--seeds") { Description = "Pictures per animal and style", HelpName = "N", DefaultValueFactory = _ => RecognizedShare.DefaultSeeds };
        var output = new Option<string?>("--output") { Description = "Contact sheet of the last number of steps, animal by animal", HelpName = "F.png" };
        var threads = new ThreadsOption();
        var command = new DocumentedCommand(
            "evaluate",
            "Measures a model of emoji: reconstruction, recognized share, diversity, JPEG size.",
            "rlcm evaluate --model models/emoji-lcm",
            "rlcm evaluate --model models/emoji-teacher --guidance 3",
            "rlcm evaluate --adapter runs/small/adapter --steps 4 --output sheet.png")
            { adapterOption, dataset, prompts, gallery, steps, guidance, seeds, output, threads };
        modelOptions.AddTo(command);
        command.SetAction((arguments, stop) =>
        {
            threads.Apply(arguments);
            var chosen = arguments.GetValue(steps) ?? [];
            if (chosen.Any(number => number < 1))
                throw new UserErrorException($"--steps: expected {OptionChecks.Count}, found {chosen.Min()}.");
            var perPrompt = arguments.Checked(seeds, number => number >= 1, OptionChecks.Count);
            var given = arguments.Checked(guidance, number => number >= 1, OptionChecks.Scale);
            var sheet = arguments.GetValue(output) is { } path ? new PictureOutput(path) : null;
            var sizePrompts = PromptFile.Read(ShippedFiles.Require(arguments.GetRequiredValue(prompts), "the prompts"));
            var folder = modelOptions.Find(arguments, terminal, stop);
            var pictures = arguments.GetValue(dataset) is { } images ? OpenWithTestSplit(images) : null;
            using var model = modelOptions.Load(arguments, folder);
            var scale = given ?? model.Generation.GuidanceScale;
            using var quality = new ModelQuality(model, Gallery.Read(arguments.GetValue(gallery) ?? FindGallery(folder)), scale);
            if (pictures is not null)
                terminal.Output.WriteLine(Reconstruction(model, pictures, stop));

            using var adapters = adapterOption.Load(arguments, model, modelOptions.Name(arguments), terminal);
            using var merged = adapters?.Merge();
            StepQuality[] rows = [.. (chosen.Length > 0 ? chosen : quality.DefaultSteps).Select(number => quality.Measure(number, perPrompt, sizePrompts, stop))];
            Print(terminal, scale, rows);
            if (sheet is not null)
                terminal.Output.WriteLine(sheet.Write(rows[^1].Animals, SheetColumns(rows[^1].Animals.Count / AnimalTable.Words.Count)));
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }

    /// <summary>As many whole animals in a row as fit a page.</summary>
    private static int SheetColumns(int perAnimal) =>
        perAnimal * Enumerable.Range(1, AnimalTable.Words.Count).Last(animals => AnimalTable.Words.Count % animals == 0 && (animals == 1 || animals * perAnimal <= WidestSheet));

    private static string FindGallery(string model)
    {
        var own = Path.Combine(model, Gallery.FolderName);
        return Directory.Exists(own) ? own : ShippedFiles.Require(Path.Combine("models", "emoji-lcm", Gallery.FolderName), "the gallery");
    }

    private static ImageFolder OpenWithTestSplit(string path)
    {
        var folder = ImageFolder.Open(path);
        return folder.Records.Any(record => record.IsHeldOut)
            ? folder
            : throw new UserErrorException($"--dataset: expected pictures of the test split in {folder.Path}, found none; name a folder whose metadata.jsonl has lines with \"split\": \"test\", or leave --dataset out.");
    }

    private static string Reconstruction(TextToImageModel model, ImageFolder folder, CancellationToken stop)
    {
        var heldOut = folder.Records.Where(record => record.IsHeldOut).ToArray();
        var psnr = ReconstructionQuality.MeanPsnr(model.Vae, folder.Decode(heldOut, model.Vae.Config.SampleSize, stop));
        return $"reconstruction of the {heldOut.Length} test pictures: {psnr:f2} dB PSNR";
    }

    private static void Print(Terminal terminal, double guidance, StepQuality[] rows)
    {
        var table = new Table().Title($"guidance scale {guidance}").AddColumns("steps", "recognized", "of", "diversity", "JPEG kB", "gallery's kB");
        foreach (var row in rows)
        {
            table.AddRow(
                $"{row.Steps}", $"{row.Recognized.Share:p1}", $"{row.Recognized.Samples.Count}", row.Recognized.Diversity is { } diversity ? $"{diversity:f3}" : "-",
                Size(row.Kilobytes), Size(row.GalleryKilobytes));
        }

        terminal.Write(table);
        foreach (var row in rows)
        {
            var weak = row.Recognized.ByAnimal.Where(entry => entry.Value < WeakShare).OrderBy(entry => entry.Value).Select(entry => $"{entry.Key} {entry.Value:p0}");
            terminal.Output.WriteLine($"under {WeakShare:p0} at {row.Steps} {(row.Steps == 1 ? "step" : "steps")}: {string.Join(", ", weak.DefaultIfEmpty("none"))}");
        }
    }

    private static string Size(double? kilobytes) => kilobytes is { } size ? $"{size:f2}" : "-";
}
