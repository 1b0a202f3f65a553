using System.CommandLine;
using Rlcm.Evaluation;
using Rlcm.Models;
using Rlcm.Models.Clip;
using Rlcm.Models.Unet;
using Rlcm.Models.Vae;
using Rlcm.Pretraining;
using Rlcm.Prompts;
using Rlcm.Runtime;

namespace Rlcm.Cli.Commands;

/// <summary><c>rlcm pretrain vae|teacher</c>: makes the parts of a text-to-image model from an image folder.</summary>
internal static class PretrainCommand
{
    private const string SamplePrompts = "configs/prompts/samples.txt";

    public static Command Create() => new("pretrain", "Make a text-to-image diffusion model from an image folder: first vae, then teacher") { CreateVae(), CreateTeacher() };

    private static Command CreateVae()
    {
        var from = new Option<string?>("--from") { Description = "Start from this autoencoder's weights instead of from nothing", HelpName = "DIR" };
        var options = new StageOptions(images: 48_000, learningRate: 1e-3, emaDecay: 0.995);
        var command = options.AddTo(new Command("vae", "Train the autoencoder that maps pictures to latents and back") { from });
        command.SetAction((arguments, stop) =>
        {
            options.ApplyThreads(arguments);
            var settings = options.Settings(arguments);
            var online = arguments.GetValue(from) is { } start ? ContinueVae(start) : BeginVae(options, arguments, settings);
            var pictures = options.Pictures(arguments, online.Config.SampleSize, stop);
            using var stage = new VaeStage(online, new AutoencoderKL(online.Config), pictures.Pixels, pictures.Weights, settings);
            return Task.FromResult(options.Run(arguments, stage, settings, stop));
        });
        return command;
    }

    private static AutoencoderKL BeginVae(StageOptions options, ParseResult arguments, PretrainingSettings settings)
    {
        var vae = new AutoencoderKL(AutoencoderKLConfig.Read(options.Architecture(arguments, "vae.json")));
        WeightInitializer.Initialize(vae, settings.Seed, ".conv2.weight");
        return vae;
    }

    private static AutoencoderKL ContinueVae(string folder)
    {
        var vae = VaeFolder.Load(folder);
        foreach (var parameter in vae.parameters())
            parameter.requires_grad = true;
        return vae;
    }

    private static Command CreateTeacher()
    {
        var vaeFolder = new Option<DirectoryInfo>("--vae") { HelpName = "DIR", Description = "Folder of a trained autoencoder (config.json and weights)", Required = true };
        var merges = new Option<int>("--merges") { HelpName = "N", Description = "Merges of the tokenizer that is learnt from the captions", DefaultValueFactory = _ => 1500 };
        var from = new Option<string?>("--from") { Description = "Start from the weights and the tokenizer of this model instead of from nothing", HelpName = "DIR" };
        var guidance = new Option<double>("--guidance") { Description = "Guidance scale of the samples, which is recommended in the model", HelpName = "G", DefaultValueFactory = _ => 3 };
        var options = new StageOptions(images: 500_000, learningRate: 1e-3, emaDecay: 0.999);
        var command = options.AddTo(new Command("teacher", "Train text encoder and U-Net as a diffusion model") { vaeFolder, merges, from, guidance });
        command.SetAction((arguments, stop) =>
        {
            options.ApplyThreads(arguments);
            var settings = options.Settings(arguments);
            var vae = VaeFolder.Load(arguments.GetRequiredValue(vaeFolder).FullName);
            var pictures = options.Pictures(arguments, vae.Config.SampleSize, stop);

            TextToImageModel Build() => arguments.GetValue(from) is { } start
                ? Continue(start, vae, new(arguments.GetValue(guidance), ModelQuality.DiffusionSteps))
                : Begin(options, arguments, settings, vae, LearnTokenizer(options, arguments, pictures, arguments.GetValue(merges)), new(arguments.GetValue(guidance), ModelQuality.DiffusionSteps));

            var (online, average) = (Build(), Build());
            var tokenizerFolder = arguments.GetValue(from) is { } source ? Path.Combine(source, "tokenizer") : TokenizerFolder(options, arguments);
            var data = new CaptionedLatents(pictures.Records, pictures.Pixels, vae, online.Tokenizer);
            using var stage = new TeacherStage(online, average, data, pictures.Weights, settings, tokenizerFolder, PromptFile.Read(ShippedFiles.Require(SamplePrompts, "the sample prompts")));
            return Task.FromResult(options.Run(arguments, stage, settings, stop));
        });
        return command;
    }

    private static string TokenizerFolder(StageOptions options, ParseResult arguments) => Path.Combine(options.Output(arguments), "tokenizer");

    private static ClipTokenizer LearnTokenizer(StageOptions options, ParseResult arguments, TrainingPictures pictures, int merges)
    {
        var folder = TokenizerFolder(options, arguments);
        Directory.CreateDirectory(folder);
        var length = ClipTextConfig.Read(options.Architecture(arguments, "text_encoder.json")).MaxPositions;
        BpeTrainer.Write(folder, BpeTrainer.Learn(pictures.Records.Select(record => record.Text), merges), length);
        return ClipTokenizer.FromFolder(folder);
    }

    private static TextToImageModel Begin(StageOptions options, ParseResult arguments, PretrainingSettings settings, AutoencoderKL vae, ClipTokenizer tokenizer, GenerationConfig generation)
    {
        var text = new ClipTextModel(ClipTextConfig.Read(options.Architecture(arguments, "text_encoder.json")) with
        {
            VocabularySize = tokenizer.VocabularySize,
            StartId = (int)tokenizer.StartId,
            EndId = (int)tokenizer.EndId,
        });
        var unet = new UNet2DConditionModel(UNet2DConditionConfig.Read(options.Architecture(arguments, "unet.json")));
        WeightInitializer.Initialize(unet, settings.Seed, ".conv2.weight", "proj_out.weight", "conv_out.weight");
        WeightInitializer.Initialize(text, settings.Seed);
        return new(tokenizer, text, unet, vae, new SchedulerConfig { ClassName = SchedulerConfig.Ddim }) { Generation = generation };
    }

    private static TextToImageModel Continue(string folder, AutoencoderKL vae, GenerationConfig generation)
    {
        var model = TextToImageModel.Load(folder);
        foreach (var parameter in model.Unet.parameters().Concat(model.TextEncoder.parameters()))
            parameter.requires_grad = true;
        return new(model.Tokenizer, model.TextEncoder, model.Unet, vae, model.Scheduler) { Generation = generation };
    }
}
