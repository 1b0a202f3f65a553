using System.CommandLine;
using System.Globalization;
using Rlcm.Cli.Plots;
using Rlcm.Cli.Reporting;
using Rlcm.Pretraining;
using Rlcm.Runtime;
using TorchSharp;

namespace Rlcm.Cli.Commands;

/// <summary>The options that all stages of making a model share.</summary>
internal sealed class StageOptions
{
    private readonly Option<DirectoryInfo> _dataset = new("--dataset") { HelpName = "DIR", Description = "Image folder to train on (metadata.jsonl and pictures)", Required = true };
    private readonly Option<DirectoryInfo> _output = new("--output") { HelpName = "DIR", Description = "Folder for checkpoints, samples, loss curve and model", Required = true };
    private readonly Option<string> _architecture = new("--architecture") { HelpName = "DIR", Description = "Folder with vae.json, unet.json and text_encoder.json", DefaultValueFactory = _ => "configs/emoji-lcm" };
    private readonly Option<string?> _groupWeights = new("--group-weights") { HelpName = "group=X,...", Description = "How often pictures of each group are drawn, such as animals-nature=6,food-drink=1; other groups are left out (default: all alike)" };
    private readonly Option<long> _images;
    private readonly Option<int> _batch = new("--batch") { HelpName = "N", Description = "Pictures per optimizer step", DefaultValueFactory = _ => 64 };
    private readonly Option<double> _learningRate;
    private readonly Option<double> _emaDecay;
    private readonly Option<ulong> _seed = new("--seed") { HelpName = "N", Description = "Seed of everything random", DefaultValueFactory = _ => 1 };
    private readonly Option<int?> _threads = new("--threads") { HelpName = "N", Description = "Threads of the tensor library (default: all cores)" };
    private readonly Option<double> _checkpointMinutes = new("--checkpoint-minutes") { HelpName = "X", Description = "Minutes between checkpoints", DefaultValueFactory = _ => 10 };
    private readonly Option<bool> _resume = new("--resume") { Description = "Continue from the latest checkpoint in --output" };

    public StageOptions(long images, double learningRate, double emaDecay)
    {
        _images = new("--images") { HelpName = "N", Description = "Pictures shown in all", DefaultValueFactory = _ => images };
        _learningRate = new("--learning-rate") { HelpName = "X", Description = "Peak learning rate", DefaultValueFactory = _ => learningRate };
        _emaDecay = new("--ema-decay") { HelpName = "X", Description = "Decay of the weights' moving average", DefaultValueFactory = _ => emaDecay };
    }

    public Command AddTo(Command command)
    {
        foreach (var option in (Option[])[_dataset, _output, _architecture, _groupWeights, _images, _batch, _learningRate, _emaDecay, _seed, _threads, _checkpointMinutes, _resume])
            command.Add(option);
        return command;
    }

    public PretrainingSettings Settings(ParseResult arguments) => new()
    {
        Images = arguments.GetValue(_images),
        BatchSize = arguments.GetValue(_batch),
        LearningRate = arguments.GetValue(_learningRate),
        EmaDecay = arguments.GetValue(_emaDecay),
        Seed = arguments.GetValue(_seed),
        CheckpointInterval = TimeSpan.FromMinutes(arguments.GetValue(_checkpointMinutes)),
    };

    public string Architecture(ParseResult arguments, string file) => Path.Combine(ShippedFiles.Require(arguments.GetValue(_architecture)!, "the architecture folder"), file);

    public TrainingPictures Pictures(ParseResult arguments, int size, CancellationToken cancellationToken) =>
        TrainingPictures.Read(arguments.GetRequiredValue(_dataset).FullName, size, ParseWeights(arguments.GetValue(_groupWeights)), cancellationToken);

    public string Output(ParseResult arguments) => arguments.GetRequiredValue(_output).FullName;

    public void ApplyThreads(ParseResult arguments)
    {
        if (arguments.GetValue(_threads) is { } threads)
            torch.set_num_threads(threads);
    }

    public int Run(ParseResult arguments, IPretrainingStage stage, PretrainingSettings settings, CancellationToken stop)
    {
        var folder = new PretrainingFolder(Output(arguments));
        var loop = new PretrainingLoop(stage, settings, folder);
        using var reporter = new StageReporter(Terminal.System, TimeProvider.System);
        var done = loop.Run(arguments.GetValue(_resume), reporter, stop);
        LossCurve.Write(folder);
        Console.WriteLine(done ? $"Saved {folder.ModelPath}." : $"Stopped; continue with --resume. The model so far is {folder.ModelPath}.");
        return 0;
    }

    private static Dictionary<string, double>? ParseWeights(string? text) => text?.Split(',').Select(entry => entry.Split('=')).ToDictionary(
        entry => entry[0],
        entry => entry.Length == 2 && double.TryParse(entry[1], CultureInfo.InvariantCulture, out var weight) && weight >= 0
            ? weight
            : throw new UserErrorException($"--group-weights: expected group=number, found {string.Join('=', entry)}."),
        StringComparer.Ordinal);
}
