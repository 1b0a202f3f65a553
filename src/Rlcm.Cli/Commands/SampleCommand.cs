using System.CommandLine;
using Rlcm.Diffusion;
using Rlcm.Models.Vae;
using Rlcm.Policy;
using Rlcm.Prompts;
using Rlcm.Rollouts;
using Rlcm.Runtime;

namespace Rlcm.Cli.Commands;

/// <summary><c>rlcm sample</c>: draws pictures.</summary>
internal static class SampleCommand
{
    /// <summary>The seed of the noise where none is given.</summary>
    public const ulong DefaultSeed = 1;

    private const int BatchSize = 16;
    private const int MaxColumns = 8;

    public static Command Create(Terminal terminal)
    {
        var prompt = new Option<string[]>("--prompt") { Description = "A prompt; may be repeated", HelpName = "TEXT" };
        var promptFile = new Option<string?>("--prompts") { Description = "Prompts, one a line", HelpName = "FILE" };
        var modelOptions = new ModelOptions("Latent consistency model or diffusion model");
        var adapterOption = new AdapterOption("Draw with this adapter");
        var steps = new Option<int?>("--steps") { Description = "Steps per picture [default: the model's recommendation]", HelpName = "N" };
        var guidance = new Option<double?>("--guidance") { Description = "Guidance scale [default: the model's recommendation]", HelpName = "G" };
        var eta = new Option<double?>("--eta") { Description = "Noise of a diffusion model's DDIM steps, 0 to 1; DDPO trains with 1", HelpName = "E" };
        var height = new Option<int?>("--height") { Description = "Height of the pictures, a multiple of 8 [default: the model's own]", HelpName = "PIXELS" };
        var width = new Option<int?>("--width") { Description = "Width of the pictures, a multiple of 8 [default: the model's own]", HelpName = "PIXELS" };
        var vaeTiling = new Option<bool>("--vae-tiling") { Description = "Decode large pictures in tiles: less memory, small differences where tiles meet" };
        var count = new Option<int>("--count") { Description = "Pictures per prompt", HelpName = "N", DefaultValueFactory = _ => 1 };
        var seed = new Option<ulong>("--seed") { Description = "Seed of the noise; the same seed draws the same pictures", HelpName = "N", DefaultValueFactory = _ => DefaultSeed };
        var output = new Option<string>("--output") { Description = "F.png: one picture or a grid; otherwise a new folder with a file per picture", HelpName = "F.png", Required = true };
        var threads = new ThreadsOption();
        var command = new DocumentedCommand(
            "sample",
            "Draws pictures for prompts, with or without a tuned adapter.",
            "rlcm sample --prompt 'a flat fox' --output fox.png",
            "rlcm sample --prompt 'a flat fox' --prompt 'a 3d owl' --count 4 --output grid.png",
            "rlcm sample --prompts configs/prompts/samples.txt --adapter runs/small/adapter --output pictures")
            { prompt, promptFile, adapterOption, steps, guidance, eta, height, width, count, seed, vaeTiling, output, threads };
        modelOptions.AddTo(command);
        command.SetAction((arguments, stop) =>
        {
            threads.Apply(arguments);
            var perPrompt = arguments.Checked(count, number => number >= 1, OptionChecks.Count);
            var horizon = arguments.Checked(steps, number => number is >= 1 and <= LcmTimesteps.DefaultOriginSteps, OptionChecks.Steps);
            var scale = arguments.Checked(guidance, number => number >= 1, OptionChecks.Scale);
            var noise = arguments.Checked(eta, number => number is >= 0 and <= 1, "a number from 0 to 1");
            var pictureHeight = arguments.Checked(height, OptionChecks.IsSide, OptionChecks.Side);
            var pictureWidth = arguments.Checked(width, OptionChecks.IsSide, OptionChecks.Side);
            string[] prompts = [.. arguments.GetValue(prompt) ?? [], .. arguments.GetValue(promptFile) is { } file ? PromptFile.Read(ShippedFiles.Require(file, "the prompts")) : []];
            if (prompts.Length == 0)
                throw new UserErrorException("There is nothing to draw: expected --prompt TEXT or --prompts FILE, found neither; give one of them.");
            var target = new PictureOutput(arguments.Checked(output, path => path.Length > 0, "a file or a folder"));

            using var model = modelOptions.Load(arguments, terminal, stop);
            model.Tiling = arguments.GetValue(vaeTiling) ? Tiling.Default : null;
            using var adapters = adapterOption.Load(arguments, model, modelOptions.Name(arguments), terminal);
            using var merged = adapters?.Merge();
            if (noise is not null && !model.Scheduler.IsDiffusion)
                throw new UserErrorException("--eta: expected a diffusion model, whose DDIM steps it gives noise, found a consistency model; leave --eta out.");
            var policy = SamplingPolicy.Of(model, new(horizon ?? model.Generation.Steps, scale ?? model.Generation.GuidanceScale) { Eta = noise ?? 0, Height = pictureHeight, Width = pictureWidth });
            RolloutItem[] items = [.. prompts.SelectMany(text => Enumerable.Repeat(text, perPrompt))
                .Select((text, index) => new RolloutItem(text, RolloutNoise.Sample(arguments.GetValue(seed), index)))];
            using var encoded = new EncodedPrompts(policy.Encode);
            var columns = Math.Min(perPrompt > 1 ? perPrompt : prompts.Length, MaxColumns);
            terminal.Output.WriteLine(target.Write(RolloutCollector.Sample(policy, encoded, items, BatchSize, stop), columns));
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }
}
