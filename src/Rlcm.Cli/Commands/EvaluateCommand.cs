using System.CommandLine;
using Rlcm.Datasets;
using Rlcm.Diffusion;
using Rlcm.Evaluation;
using Rlcm.Imaging;
using Rlcm.Models;
using Rlcm.Models.Lora;
using Rlcm.Policy;
using Rlcm.Rewards;
using Rlcm.Rollouts;
using Rlcm.Runtime;
using Spectre.Console;
using TorchSharp;

namespace Rlcm.Cli.Commands;

/// <summary><c>rlcm evaluate</c>: the quality figures of a model that ships a gallery.</summary>
internal static class EvaluateCommand
{
    private const int TeacherSteps = 50;
    private const int BatchSize = 60;

    public static Command Create()
    {
        var modelOption = new Option<string>("--model") { HelpName = "DIR", Description = "Model folder with a gallery", DefaultValueFactory = _ => "models/emoji-lcm" };
        var adapterOption = new Option<DirectoryInfo?>("--adapter") { HelpName = "DIR", Description = "Adapter folder in PEFT layout, such as RUN/adapter" };
        var dataset = new Option<DirectoryInfo?>("--dataset") { HelpName = "DIR", Description = "Image folder whose test split measures the autoencoder" };
        var steps = new Option<int[]>("--steps") { HelpName = "N", Description = "Steps per picture (default: 50 for a diffusion model; 1, 2, 4 and 8 for a consistency model)", AllowMultipleArgumentsPerToken = true };
        var guidance = new Option<double?>("--guidance") { HelpName = "X", Description = "Guidance scale (default: the model's recommendation)" };
        var seeds = new Option<int>("--seeds") { HelpName = "N", Description = "Pictures per prompt", DefaultValueFactory = _ => RecognizedShare.DefaultSeeds };
        var output = new Option<FileInfo?>("--output") { HelpName = "FILE", Description = "Contact sheet: a row per animal" };
        var threads = new Option<int?>("--threads") { HelpName = "N", Description = "Threads of the tensor library (default: all cores)" };
        var command = new Command("evaluate", "Measure a model: reconstruction, recognised share, diversity, JPEG size")
            { modelOption, adapterOption, dataset, steps, guidance, seeds, output, threads };
        command.SetAction(arguments =>
        {
            if (arguments.GetValue(threads) is { } count)
                torch.set_num_threads(count);
            var folder = ShippedFiles.Require(arguments.GetValue(modelOption)!, "the model folder");
            using var model = TextToImageModel.Load(folder);
            if (arguments.GetValue(dataset) is { } images)
                PrintReconstruction(model, ImageFolder.Open(images.FullName));

            using var adapters = arguments.GetValue(adapterOption) is { } adapter ? PeftAdapter.Load(model.Unet, adapter.FullName) : null;
            using var merged = adapters?.Merge();
            var scale = arguments.GetValue(guidance) ?? model.Generation.GuidanceScale;
            var recognizer = new Recognizer(Gallery.Read(Path.Combine(folder, Gallery.FolderName)));
            var isDiffusion = model.Scheduler.ClassName != SchedulerConfig.Lcm;
            var horizons = arguments.GetValue(steps) is { Length: > 0 } chosen ? chosen : isDiffusion ? [TeacherSteps] : [.. PolicyEvaluator.Horizons];

            var table = new Table().Title($"guidance {scale}").AddColumns("steps", "recognised", "pictures", "diversity", "mean JPEG kB");
            foreach (var horizon in horizons)
            {
                ImageBatch? drawn = null;
                var share = RecognizedShare.Compute(
                    recognizer, (prompts, noise) => drawn = isDiffusion ? Diffuse(model, horizon, scale, prompts, noise) : Sample(model, horizon, scale, prompts, noise),
                    arguments.GetValue(seeds));
                var size = Enumerable.Range(0, drawn!.Count).Average(index => JpegSize.Measure(drawn[index], drawn.Height, drawn.Width) / 1000.0);
                table.AddRow($"{horizon}", $"{share.Share:p1}", $"{share.Samples.Count}", $"{share.Diversity:f3}", $"{size:f2}");
                if (arguments.GetValue(output) is { } sheet && horizon == horizons[^1])
                    PngFile.Write(sheet.FullName, ImageGrid.Compose(drawn, share.Samples.Count / AnimalTable.Words.Count));
                foreach (var (animal, value) in share.ByAnimal.Where(entry => entry.Value < 0.5).OrderBy(entry => entry.Value))
                    Console.WriteLine($"at {horizon} steps: {animal} {value:p0}");
            }

            AnsiConsole.Write(table);
            return 0;
        });
        return command;
    }

    private static void PrintReconstruction(TextToImageModel model, ImageFolder folder)
    {
        var heldOut = folder.Records.Where(record => record.IsHeldOut).ToArray();
        var images = folder.Decode(heldOut, model.Vae.Config.SampleSize);
        Console.WriteLine($"reconstruction of {heldOut.Length} test pictures: {ReconstructionQuality.MeanPsnr(model.Vae, images):f2} dB PSNR");
    }

    private static ImageBatch Diffuse(TextToImageModel model, int steps, double guidance, IReadOnlyList<string> prompts, IReadOnlyList<long> seeds)
    {
        var sampler = new DdimSampler(model, steps, guidance);
        return ImageBatch.Concatenate([.. prompts.Zip(seeds).Chunk(BatchSize).Select(batch =>
            sampler.Sample([.. batch.Select(pair => pair.First)], index => RolloutNoise.Evaluation(0, batch[index].Second).Initial))]);
    }

    private static ImageBatch Sample(TextToImageModel model, int horizon, double guidance, IReadOnlyList<string> prompts, IReadOnlyList<long> seeds) =>
        RolloutCollector.Sample(
            new LcmPolicy(model, new(horizon, guidance)), [.. prompts.Zip(seeds, (prompt, seed) => new RolloutItem(prompt, RolloutNoise.Evaluation(0, seed)))], BatchSize);
}
