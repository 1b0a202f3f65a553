using System.CommandLine;
using Rlcm.Evaluation;
using Rlcm.Models;
using Rlcm.Models.Clip;
using Rlcm.Models.Unet;
using Rlcm.Models.Vae;
using Rlcm.Pretraining;
using Rlcm.Runtime;

namespace Rlcm.Cli.Commands;

/// <summary><c>rlcm pretrain vae|teacher|clip</c>: makes the parts of a text-to-image model, and a judge of its pictures, from an image folder.</summary>
internal static class PretrainCommand
{
    public static Command Create(Terminal terminal) => new DocumentedCommand(
        "pretrain",
        "Makes models from an image folder: vae, then teacher, a text-to-image diffusion model; clip, which judges pictures.",
        "rlcm pretrain vae --dataset emoji --output vae",
        "rlcm pretrain teacher --dataset emoji --vae vae/model/vae --output teacher",
        "rlcm pretrain clip --dataset emoji --output clip")
        { CreateVae(terminal), CreateTeacher(terminal), PretrainClipCommand.Create(terminal) };

    private static DocumentedCommand CreateVae(Terminal terminal)
    {
        var from = new Option<string?>("--from") { Description = "Start from this autoencoder's weights instead of from nothing", HelpName = "DIR" };
        var rebalance = new Option<bool>("--rebalance") { Description = "With --from: balance the latents anew; models of the earlier autoencoder no longer fit" };
        var keepLatents = new Option<bool>("--keep-latents") { Description = "With --from: hold the latents of unaltered pictures in place; models of the earlier autoencoder still fit" };
        var variants = new Option<bool>("--variants") { Description = "Alter half of the pictures: softer, coarser, sharper, grainier and strongly compressed ones are reconstructed, the colors of paler ones restored" };
        var matchSpectrum = new Option<bool>("--match-spectrum") { Description = "Make decoded pictures as detailed as their originals, in the magnitudes that a JPEG encoder sees" };
        var options = new StageOptions(terminal, new() { Images = 48_000, EmaDecay = 0.995 });
        var command = options.AddTo(new DocumentedCommand(
            "vae",
            "Trains the autoencoder that maps pictures to latents and back.",
            "rlcm pretrain vae --dataset emoji --output vae",
            "rlcm pretrain vae --dataset emoji --output vae --resume",
            "rlcm pretrain vae --dataset emoji --from models/emoji-lcm/vae --keep-latents --variants --match-spectrum --output finer",
            "rlcm pretrain vae --dataset mine --from models/emoji-lcm/vae --rebalance --output mine-vae")
            { from, rebalance, keepLatents, variants, matchSpectrum, options.Architecture });
        command.SetAction((arguments, stop) =>
        {
            var (anew, keeps, varied, matched) = (arguments.GetValue(rebalance), arguments.GetValue(keepLatents), arguments.GetValue(variants), arguments.GetValue(matchSpectrum));
            var start = arguments.GetValue(from) is { } earlier ? ShippedFiles.Require(earlier, "the autoencoder") : null;
            if (start is null && (anew || keeps))
                throw new UserErrorException($"{(anew ? rebalance : keepLatents).Name}: expected together with --from, found alone; leave it out, since an autoencoder that is trained from nothing has no latents yet.");
            if (anew && keeps)
                throw new UserErrorException("--rebalance, --keep-latents: expected one of them, found both; the one moves the latents that the other holds in place.");
            var anchor = keeps ? VaeFolder.Load(start!) : null;
            var settings = options.Read(
                arguments,
                (from.Name, start is null ? "nothing" : "an autoencoder"),
                (rebalance.Name, anew ? "yes" : "no"),
                (keepLatents.Name, keeps ? "yes" : "no"),
                (variants.Name, varied ? "yes" : "no"),
                (matchSpectrum.Name, matched ? "yes" : "no"));
            var online = start is not null ? ContinueVae(start) : BeginVae(options, arguments, settings);
            if (varied && (online.Config.SampleSize % PictureVariants.Block != 0 || settings.BatchSize < 2))
                throw new UserErrorException($"--variants: expected pictures of a multiple of {PictureVariants.Block} pixels and a --batch of at least 2, found {online.Config.SampleSize} pixels and {settings.BatchSize}; change them or leave it out.");
            if (matched && online.Config.SampleSize % JpegSpectrum.Unit != 0)
                throw new UserErrorException($"--match-spectrum: expected pictures of a multiple of {JpegSpectrum.Unit} pixels, found {online.Config.SampleSize}; leave it out.");
            var pictures = options.Pictures(arguments, online.Config.SampleSize, stop);
            settings = settings with { Sha256 = options.Sha256(arguments, pictures, start is null ? ["vae.json"] : [], (from.Name, start is null ? null : VaeFolder.Sha256(start))) };
            using var stage = new VaeStage(online, new AutoencoderKL(online.Config), pictures.Pixels, pictures.Weights, settings, balance: start is null || anew, varied, matched, anchor);
            return Task.FromResult(options.Run(arguments, stage, settings, stop));
        });
        return command;
    }

    private static AutoencoderKL BeginVae(StageOptions options, ParseResult arguments, PretrainingSettings settings)
    {
        var vae = new AutoencoderKL(AutoencoderKLConfig.Read(options.ArchitectureFile(arguments, "vae.json")));
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

    private static DocumentedCommand CreateTeacher(Terminal terminal)
    {
        var vaeFolder = new Option<string>("--vae") { Description = "Folder of a trained autoencoder (config.json and weights)", HelpName = "DIR", Required = true };
        var merges = new Option<int>("--merges") { Description = "Merges of the tokenizer that is learned from the captions", HelpName = "N", DefaultValueFactory = _ => 1500 };
        var from = new Option<string?>("--from") { Description = "Start from the weights and the tokenizer of this model instead of from nothing", HelpName = "DIR" };
        var options = new StageOptions(terminal, new() { Images = 500_000 });
        var command = options.AddTo(new DocumentedCommand(
            "teacher",
            "Trains text encoder and U-Net as a diffusion model.",
            "rlcm pretrain teacher --dataset emoji --vae vae/model/vae --output teacher",
            "rlcm pretrain teacher --dataset narrow --vae vae/model/vae --from teacher/model --output finer")
            { vaeFolder, from, options.Architecture, merges, options.Guidance, options.Prompts });
        command.SetAction((arguments, stop) =>
        {
            var mergeCount = arguments.Checked(merges, number => number >= 0, "a whole number of at least 0");
            var tokenizerSource = arguments.GetValue(from) is null ? (merges.Name, $"{mergeCount}") : (from.Name, "a model");
            var settings = options.Read(arguments, tokenizerSource, options.GuidanceChoice(arguments));
            var generation = new GenerationConfig(options.GuidanceScale(arguments), ModelSampler.DiffusionSteps);
            var prompts = options.SamplePrompts(arguments);
            var start = arguments.GetValue(from) is { } earlier ? ShippedFiles.Require(earlier, "the model folder") : null;
            var vaePath = ShippedFiles.Require(arguments.GetRequiredValue(vaeFolder), "the autoencoder");
            var (vae, vaeHash) = (VaeFolder.Load(vaePath), VaeFolder.Sha256(vaePath));
            if (start is null)
                ModelParts.RequireFit(TextConfig(options, arguments), UnetConfig(options, arguments), vae.Config, arguments.GetRequiredValue(options.Architecture));
            var pictures = options.Pictures(arguments, vae.Config.SampleSize, stop);

            var tokenizerFolder = start is not null ? Path.Combine(start, "tokenizer") : LearnTokenizer(options, arguments, pictures, mergeCount);
            var tokenizer = ClipTokenizer.FromFolder(tokenizerFolder);

            TextToImageModel Build() => start is not null
                ? Continue(start, vae, generation)
                : Begin(options, arguments, settings, vae, tokenizer, generation);

            var (online, average) = (Build(), Build());
            var data = new CaptionedLatents(pictures.Records, pictures.Pixels, vae, tokenizer);
            settings = settings with { Sha256 = options.Sha256(arguments, pictures, start is null ? ["unet.json", "text_encoder.json"] : [], (vaeFolder.Name, vaeHash), (from.Name, start is null ? null : ModelFolder.Open(start).Sha256()), ("tokenizer", FileHash.Sha256(tokenizerFolder, Directory.GetFiles(tokenizerFolder))), options.SamplePromptsHash(arguments)) };
            using var stage = new TeacherStage(online, average, data, pictures.Weights, settings, tokenizerFolder, prompts);
            return Task.FromResult(options.Run(arguments, stage, settings, stop));
        });
        return command;
    }

    private static ClipTextConfig TextConfig(StageOptions options, ParseResult arguments) => ClipTextConfig.Read(options.ArchitectureFile(arguments, "text_encoder.json"));

    private static UNet2DConditionConfig UnetConfig(StageOptions options, ParseResult arguments) => UNet2DConditionConfig.Read(options.ArchitectureFile(arguments, "unet.json"));

    /// <summary>Learns a tokenizer from the captions, unless the run to continue has one and a checkpoint of what was trained with it, and returns its folder.</summary>
    private static string LearnTokenizer(StageOptions options, ParseResult arguments, TrainingPictures pictures, int merges)
    {
        var output = options.Output(arguments);
        var folder = PretrainingFolder.TokenizerPath(output);
        if (Directory.Exists(folder) && PretrainingFolder.HasCheckpoint(output))
            return folder;
        var learned = BpeTrainer.Learn(pictures.Records.Select(record => record.Text), merges);
        AtomicFolder.Replace(folder, files => BpeTrainer.Write(files, learned, TextConfig(options, arguments).MaxPositions));
        return folder;
    }

    private static TextToImageModel Begin(StageOptions options, ParseResult arguments, PretrainingSettings settings, AutoencoderKL vae, ClipTokenizer tokenizer, GenerationConfig generation)
    {
        var text = new ClipTextModel(TextConfig(options, arguments) with
        {
            VocabularySize = tokenizer.VocabularySize,
            StartId = (int)tokenizer.StartId,
            EndId = (int)tokenizer.EndId,
        });
        var unet = new UNet2DConditionModel(UnetConfig(options, arguments));
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
