using System.CommandLine;
using Rlcm.Models;
using Rlcm.Models.Unet;
using Rlcm.Pretraining;
using Rlcm.Prompts;
using Rlcm.Runtime;
using TorchSharp;

namespace Rlcm.Cli.Commands;

/// <summary><c>rlcm distill</c>: turns a diffusion model into a latent consistency model.</summary>
internal static class DistillCommand
{
    private const int GuidanceEmbeddingWidth = 256;
    private const int RecommendedSteps = 4;
    private const string SamplePrompts = "configs/prompts/samples.txt";

    public static Command Create()
    {
        var teacherFolder = new Option<DirectoryInfo>("--teacher") { HelpName = "DIR", Description = "Diffusion model in diffusers layout", Required = true };
        var from = new Option<string?>("--from") { Description = "Start from the U-Net of this consistency model instead of the teacher's", HelpName = "DIR" };
        var guidance = new Option<double>("--guidance") { Description = "Guidance scale of the samples, which is recommended in the model", HelpName = "G", DefaultValueFactory = _ => 3 };
        var options = new StageOptions(images: 150_000, learningRate: 3e-4, emaDecay: 0.95);
        var command = options.AddTo(new Command("distill", "Distill a diffusion model into a latent consistency model (Luo et al. 2023)") { teacherFolder, from, guidance });
        command.SetAction((arguments, stop) =>
        {
            options.ApplyThreads(arguments);
            var settings = options.Settings(arguments);
            var folder = arguments.GetRequiredValue(teacherFolder).FullName;
            var teacher = TextToImageModel.Load(folder);
            var pictures = options.Pictures(arguments, teacher.Vae.Config.SampleSize, stop);
            var data = new CaptionedLatents(pictures.Records, pictures.Pixels, teacher.Vae, teacher.Tokenizer);
            TextToImageModel Build() => Student(teacher, arguments.GetValue(from), new(arguments.GetValue(guidance), RecommendedSteps));
            var distillation = new DistillationSettings(settings, Path.Combine(folder, "tokenizer"), PromptFile.Read(ShippedFiles.Require(SamplePrompts, "the sample prompts")));
            using var stage = new DistillationStage(teacher, Build(), Build(), data, pictures.Weights, distillation);
            return Task.FromResult(options.Run(arguments, stage, settings, stop));
        });
        return command;
    }

    /// <summary>The teacher's networks with a guidance embedding that starts without effect, or the U-Net of an earlier student.</summary>
    private static TextToImageModel Student(TextToImageModel teacher, string? from, GenerationConfig generation)
    {
        var unet = new UNet2DConditionModel(teacher.Unet.Config with { TimeCondProjDim = GuidanceEmbeddingWidth });
        using var earlier = from is null ? null : TextToImageModel.Load(from);
        WeightInitializer.CopyFrom(unet, earlier?.Unet ?? teacher.Unet);
        return new(teacher.Tokenizer, teacher.TextEncoder, unet, teacher.Vae, new SchedulerConfig { ClassName = SchedulerConfig.Lcm }) { Generation = generation };
    }
}
