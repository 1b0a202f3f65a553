using System.CommandLine;
using Rlcm.Datasets;
using Rlcm.Evaluation;
using Rlcm.Models;
using Rlcm.Runtime;
using Spectre.Console;

namespace Rlcm.Cli.Commands;

/// <summary><c>rlcm evaluate</c> without <c>--rewards</c>: the quality figures of a model that ships a gallery.</summary>
internal sealed class QualityEvaluation(EvaluationOptions shared)
{
    /// <summary>The prompts whose JPEG sizes are compared.</summary>
    public const string DefaultPrompts = "configs/prompts/evaluation.txt";

    private const double WeakShare = 0.5;
    private const int WidestSheet = 24; // pictures

    private readonly Option<string?> _dataset = new("--dataset") { Description = "Without --rewards: image folder whose test split measures the autoencoder", HelpName = "DIR" };
    private readonly Option<string?> _gallery = new("--gallery") { Description = "Without --rewards: pictures that drawn animals are compared with [default: the model's, or else those of models/emoji-lcm]", HelpName = "DIR" };
    private readonly Option<int> _seeds = new("--seeds") { Description = "Without --rewards: pictures per animal and style", HelpName = "N", DefaultValueFactory = _ => RecognizedShare.DefaultSeeds };

    /// <summary>The options that no other evaluation has.</summary>
    public IReadOnlyList<Option> Options => [_dataset, _gallery, _seeds];

    /// <summary>Measures and prints.</summary>
    /// <exception cref="UserErrorException">Something that was asked for is missing, damaged or does not go together.</exception>
    public void Run(ParseResult arguments, Terminal terminal, CancellationToken stop)
    {
        var perPrompt = arguments.Checked(_seeds, number => number >= 1, OptionChecks.Count);
        var given = shared.Guidance(arguments);
        var chosen = shared.Steps.Read(arguments, defaults: []);
        var adapters = shared.Adapters.Read(arguments);
        if (adapters.Count > 1)
            throw new UserErrorException($"--adapter: expected one where --rewards is not given, found {adapters.Count}; leave the others out, or add the rewards by which they are to be compared.");
        var sheet = arguments.GetValue(shared.Output) is { } path ? new PictureOutput(path) : null;
        var sizePrompts = shared.Prompts(arguments, DefaultPrompts);
        var folder = shared.Model.Find(arguments, terminal, stop);
        if (ClipEvaluation.Concerns(folder))
        {
            if (((IEnumerable<Option>)[.. shared.OfPictures, _dataset, _seeds]).FirstOrDefault(option => arguments.IsGiven(option)) is { } foreign)
                throw new UserErrorException($"{foreign.Name}: expected with a text-to-image model, found it with the CLIP model {folder}; leave it out, or name another --model.");
            terminal.Output.WriteLine(ClipEvaluation.Measure(folder, arguments.GetValue(_gallery)));
            return;
        }

        var pictures = arguments.GetValue(_dataset) is { } images ? OpenWithTestSplit(images) : null;
        using var model = shared.Model.Load(arguments, folder);
        var scale = given ?? model.Generation.GuidanceScale;
        using var quality = new ModelQuality(model, Gallery.Read(arguments.GetValue(_gallery) ?? FindGallery(folder)), scale);
        if (pictures is not null)
            terminal.Output.WriteLine(Reconstruction(model, pictures, stop));

        using var attached = adapters is [var adapter] ? AdapterOption.Load(adapter.Path, model, shared.Model.Name(arguments), terminal) : null;
        using var merged = attached?.Merge();
        StepQuality[] rows = [.. (chosen.Count > 0 ? chosen : quality.DefaultSteps).Select(number => quality.Measure(number, perPrompt, sizePrompts, stop))];
        Print(terminal, scale, rows);
        if (sheet is not null)
            terminal.Output.WriteLine(sheet.Write(rows[^1].Animals, SheetColumns(rows[^1].Animals.Count / AnimalTable.Words.Count)));
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
