using System.CommandLine;
using Rlcm.Imaging;
using Rlcm.Models;
using Rlcm.Models.Lora;
using Rlcm.Policy;
using Rlcm.Prompts;
using Rlcm.Rollouts;
using Rlcm.Runtime;
using TorchSharp;

namespace Rlcm.Cli.Commands;

/// <summary><c>rlcm sample</c>: draws pictures.</summary>
internal static class SampleCommand
{
    private const int BatchSize = 16;
    private const int MaxColumns = 8;

    public static Command Create()
    {
        var prompt = new Option<string[]>("--prompt") { HelpName = "TEXT", Description = "A prompt; may be given several times" };
        var promptFile = new Option<FileInfo?>("--prompts") { HelpName = "FILE", Description = "Text file with a prompt a line" };
        var modelOption = new Option<string>("--model") { HelpName = "DIR", Description = "Model folder in diffusers layout", DefaultValueFactory = _ => "models/emoji-lcm" };
        var adapterOption = new Option<DirectoryInfo?>("--adapter") { HelpName = "DIR", Description = "Adapter folder in PEFT layout, such as RUN/adapter" };
        var steps = new Option<int?>("--steps") { HelpName = "N", Description = "Steps per picture, 1 to 8 (default: the model's recommendation)" };
        var seed = new Option<ulong>("--seed") { HelpName = "N", Description = "Seed of the noise; the same seed draws the same pictures", DefaultValueFactory = _ => 1 };
        var count = new Option<int>("--count") { HelpName = "N", Description = "Pictures per prompt", DefaultValueFactory = _ => 1 };
        var guidance = new Option<double?>("--guidance") { HelpName = "X", Description = "Guidance scale (default: the model's recommendation)" };
        var output = new Option<FileInfo>("--output") { HelpName = "F.png", Description = "F.png: one picture or a grid; a folder: a file per picture", Required = true };
        var threads = new Option<int?>("--threads") { HelpName = "N", Description = "Threads of the tensor library (default: all cores)" };
        var command = new Command("sample", "Draw pictures for prompts, with or without a tuned adapter")
            { prompt, promptFile, modelOption, adapterOption, steps, seed, count, guidance, output, threads };
        command.SetAction(arguments =>
        {
            if (arguments.GetValue(threads) is { } threadCount)
                torch.set_num_threads(threadCount);
            string[] prompts = [.. arguments.GetValue(prompt) ?? [], .. arguments.GetValue(promptFile) is { } file ? PromptFile.Read(file.FullName) : []];
            if (prompts.Length == 0)
                throw new UserErrorException("Nothing to draw: expected --prompt TEXT or --prompts FILE, found neither.");
            if (arguments.GetValue(count) < 1)
                throw new UserErrorException($"--count: expected at least 1, found {arguments.GetValue(count)}.");

            using var model = TextToImageModel.Load(ShippedFiles.Require(arguments.GetValue(modelOption)!, "the model folder"));
            using var adapters = arguments.GetValue(adapterOption) is { } adapter ? PeftAdapter.Load(model.Unet, adapter.FullName) : null;
            using var merged = adapters?.Merge();
            var settings = new LcmPolicySettings(
                arguments.GetValue(steps) ?? model.Generation.Steps, arguments.GetValue(guidance) ?? model.Generation.GuidanceScale);
            var items = prompts.SelectMany(text => Enumerable.Repeat(text, arguments.GetValue(count)))
                .Select((text, index) => new RolloutItem(text, RolloutNoise.Sample(arguments.GetValue(seed), index)));
            Write(RolloutCollector.Sample(new LcmPolicy(model, settings), [.. items], BatchSize), arguments.GetRequiredValue(output).FullName, arguments.GetValue(count));
            return 0;
        });
        return command;
    }

    private static void Write(ImageBatch images, string output, int perPrompt)
    {
        if (Path.GetExtension(output).Equals(".png", StringComparison.OrdinalIgnoreCase))
        {
            PngFile.Write(output, ImageGrid.Compose(images, perPrompt > 1 ? Math.Min(perPrompt, MaxColumns) : Math.Min(images.Count, MaxColumns)));
            Console.WriteLine($"Wrote {images.Count} {(images.Count == 1 ? "picture" : "pictures")} to {output}.");
            return;
        }

        Directory.CreateDirectory(output);
        for (var i = 0; i < images.Count; i++)
            PngFile.Write(Path.Combine(output, $"{i:D4}.png"), new ImageBatch(images[i].ToArray(), 1, images.Height, images.Width));
        Console.WriteLine($"Wrote {images.Count} files to {output}.");
    }
}
