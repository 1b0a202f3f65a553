using System.CommandLine;
using Rlcm.Datasets;
using Rlcm.Models;
using Rlcm.Models.Clip;
using Rlcm.Pretraining;
using Rlcm.Runtime;

namespace Rlcm.Cli.Commands;

/// <summary><c>rlcm pretrain clip</c>: makes the model that judges how well a picture shows its prompt.</summary>
internal static class PretrainClipCommand
{
    private const string ConfigFile = "config.json";

    public static Command Create(Terminal terminal)
    {
        var tokenizer = new Option<string>("--tokenizer") { Description = "Folder of the tokenizer to use; unused with --from", HelpName = "DIR", DefaultValueFactory = _ => "models/emoji-lcm/tokenizer" };
        var from = new Option<string?>("--from") { Description = "Start from the weights, the tokenizer and the styles of this model instead of from nothing", HelpName = "DIR" };
        var architecture = new Option<string>("--architecture") { Description = "Folder with config.json, the architecture; unused with --from", HelpName = "DIR", DefaultValueFactory = _ => "configs/emoji-clip" };
        var options = new StageOptions(terminal, new() { Images = 400_000 });
        var command = options.AddTo(new DocumentedCommand(
            "clip",
            "Trains a CLIP model and a head for styles, without a drawing of each of the 45 animals, on which it is measured.",
            "rlcm pretrain clip --dataset emoji --output clip",
            "rlcm pretrain clip --dataset emoji --output clip --resume",
            "rlcm pretrain clip --dataset emoji --from models/emoji-clip --output finer")
            { tokenizer, from, architecture });
        command.SetAction((arguments, stop) =>
        {
            var settings = options.Read(arguments, (from.Name, arguments.GetValue(from) is null ? "nothing" : "a model"));
            var start = arguments.GetValue(from) is { } earlier ? ShippedFiles.Require(earlier, "the CLIP model") : null;
            var tokenizerFolder = start ?? ShippedFiles.Require(arguments.GetRequiredValue(tokenizer), "the tokenizer");
            var configPath = Path.Combine(start ?? ShippedFiles.Require(arguments.GetRequiredValue(architecture), "the architecture folder"), ConfigFile);
            var config = ConfigFor(ClipTokenizer.FromFolder(tokenizerFolder), configPath);
            var pictures = options.Pictures(arguments, config.Vision.ImageSize, stop, HeldOutDrawings.Contains);
            if (pictures.Records.FirstOrDefault(record => record.Label is null || record.Style is null) is { } unnamed)
                throw new UserErrorException($"--dataset: expected a label and a style for every picture, found none for {unnamed.FileName}; add them to {ImageFolder.MetadataFile}.");
            if (settings.BatchSize < PictureAugmentation.LeastBatch || config.Vision.ImageSize % PictureVariants.Block != 0)
                throw new UserErrorException($"--batch, {configPath}: expected a batch of at least {PictureAugmentation.LeastBatch} and an image_size that is a multiple of {PictureVariants.Block}, found {settings.BatchSize} and {config.Vision.ImageSize}; change them.");
            string[] styles = [.. pictures.Records.Select(record => record.Style!).Distinct()];
            if (styles.Length < 2)
                throw new UserErrorException($"--dataset: expected pictures of at least two styles, which the head learns to tell apart, found {string.Join(", ", styles)} alone; add others, or name the styles in {ImageFolder.MetadataFile}.");
            ClipNetworks Build() => start is null ? ClipNetworks.Begin(config, styles, settings.Seed) : ClipNetworks.Continue(start);
            var (online, average) = (Build(), Build());
            if (styles.Except(online.Head.Styles, StringComparer.Ordinal).FirstOrDefault() is { } unknown)
                throw new UserErrorException($"--from: expected a model that tells the dataset's styles apart, found none that knows {unknown} in {start}; start from nothing, or leave its pictures out.");
            settings = settings with
            {
                Sha256 = options.Sha256(
                    arguments, pictures, architecture: [], (architecture.Name, start is null ? FileHash.Sha256(configPath) : null),
                    (tokenizer.Name, FileHash.Sha256(tokenizerFolder, ClipNetworks.TokenizerFiles(tokenizerFolder))),
                    (from.Name, start is null ? null : FileHash.Sha256(start, [.. ClipFolder.Files(start), .. StyleHead.Files(start)]))),
            };
            using var stage = new ClipStage(online, average, tokenizerFolder, pictures.Records, pictures.Pixels, pictures.Weights, settings);
            var code = options.Run(arguments, stage, settings, stop);
            terminal.Output.WriteLine(ClipEvaluation.Measure(new PretrainingFolder(options.Output(arguments)).ModelPath, gallery: null));
            return Task.FromResult(code);
        });
        return command;
    }

    /// <summary>The architecture, its ids those of the tokenizer.</summary>
    private static ClipConfig ConfigFor(ClipTokenizer tokenizer, string path)
    {
        var config = ClipConfig.Read(path);
        var text = config.Text with { VocabularySize = tokenizer.VocabularySize, StartId = (int)tokenizer.StartId, EndId = (int)tokenizer.EndId };
        ModelParts.RequireFit(tokenizer, text, path);
        return config with { Text = text };
    }
}
