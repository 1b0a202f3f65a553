using System.CommandLine;
using Rlcm.Diffusion;
using Rlcm.Models;
using Rlcm.Models.Unet;
using Rlcm.Pretraining;
using Rlcm.Runtime;

namespace Rlcm.Cli.Commands;

/// <summary><c>rlcm distill</c>: turns a diffusion model into a latent consistency model.</summary>
internal static class DistillCommand
{
    private const int RecommendedSteps = 4;

    public static Command Create(Terminal terminal)
    {
        var teacherFolder = new Option<string>("--teacher") { Description = "Diffusion model in diffusers layout", HelpName = "DIR", Required = true };
        var from = new Option<string?>("--from") { Description = "Start from the U-Net of this consistency model instead of the teacher's", HelpName = "DIR" };
        var options = new StageOptions(terminal, new() { Images = 150_000, LearningRate = 3e-4, EmaDecay = 0.95 });
        var command = options.AddTo(new DocumentedCommand(
            "distill",
            "Distills a diffusion model into a latent consistency model (Luo et al. 2023).",
            "rlcm distill --dataset emoji --teacher teacher/model --output lcm",
            "rlcm distill --dataset emoji --teacher models/emoji-teacher --from models/emoji-lcm --output finer",
            "rlcm distill --dataset emoji --teacher teacher/model --output lcm --resume")
            { teacherFolder, from, options.Guidance, options.Prompts });
        command.SetAction((arguments, stop) =>
        {
            var settings = options.Read(arguments, options.GuidanceChoice(arguments));
            var generation = new GenerationConfig(options.GuidanceScale(arguments), RecommendedSteps);
            var folder = ShippedFiles.Require(arguments.GetRequiredValue(teacherFolder), "the teacher");
            var distillation = new DistillationSettings(settings, Path.Combine(folder, "tokenizer"), options.SamplePrompts(arguments));
            var start = arguments.GetValue(from) is { } earlier ? ShippedFiles.Require(earlier, "the model folder") : null;
            var teacher = TextToImageModel.Load(folder);
            var pictures = options.Pictures(arguments, teacher.Vae.Config.SampleSize, stop);
            var data = new CaptionedLatents(pictures.Records, pictures.Pixels, teacher.Vae, teacher.Tokenizer);
            settings = settings with { Sha256 = options.Sha256(arguments, pictures, architecture: [], (teacherFolder.Name, ModelFolder.Open(folder).Sha256()), (from.Name, start is null ? null : ModelFolder.Open(start).Sha256()), options.SamplePromptsHash(arguments)) };
            TextToImageModel Build() => Student(teacher, start, generation);
            using var stage = new DistillationStage(teacher, Build(), Build(), data, pictures.Weights, distillation);
            return Task.FromResult(options.Run(arguments, stage, settings, stop));
        });
        return command;
    }

    /// <summary>The teacher's networks with a guidance embedding that starts without effect, or the U-Net of an earlier student.</summary>
    private static TextToImageModel Student(TextToImageModel teacher, string? from, GenerationConfig generation)
    {
        var unet = new UNet2DConditionModel(teacher.Unet.Config with { TimeCondProjDim = GuidanceEmbedding.DefaultWidth });
        using var earlier = from is null ? null : TextToImageModel.Load(from);
        WeightInitializer.CopyFrom(unet, earlier?.Unet ?? teacher.Unet, zero: UNet2DConditionModel.GuidanceProjection);
        return new(teacher.Tokenizer, teacher.TextEncoder, unet, teacher.Vae, teacher.Scheduler with { ClassName = SchedulerConfig.Lcm }) { Generation = generation };
    }
}
