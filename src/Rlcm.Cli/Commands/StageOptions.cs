using System.CommandLine;
using System.Globalization;
using Rlcm.Cli.Plots;
using Rlcm.Cli.Reporting;
using Rlcm.Datasets;
using Rlcm.Pretraining;
using Rlcm.Prompts;
using Rlcm.Runtime;

namespace Rlcm.Cli.Commands;

/// <summary>The options that all stages of making a model share.</summary>
internal sealed class StageOptions
{
    private readonly Terminal _terminal;
    private readonly Option<string> _dataset = new("--dataset") { Description = "Image folder to train on (metadata.jsonl and pictures)", HelpName = "DIR", Required = true };
    private readonly Option<string> _output = new("--output") { Description = "New folder for checkpoints, samples, loss curve and model", HelpName = "DIR", Required = true };
    private readonly Option<string?> _groupWeights = new("--group-weights") { Description = "How often pictures of each group are drawn, such as animals-nature=6,food-drink=1; other groups are left out [default: all alike]", HelpName = "group=X,..." };
    private readonly Option<long> _images;
    private readonly Option<int> _batch;
    private readonly Option<double> _learningRate;
    private readonly Option<double> _emaDecay;
    private readonly Option<ulong> _seed;
    private readonly Option<double> _checkpointMinutes;
    private readonly ThreadsOption _threads = new();
    private readonly Option<bool> _resume = new("--resume") { Description = "Continue from the latest checkpoint in --output" };
    private readonly ResumeOptions _resumeOptions = new();

    /// <param name="terminal">Where to report.</param>
    /// <param name="defaults">What holds where an option is not given.</param>
    public StageOptions(Terminal terminal, PretrainingSettings defaults)
    {
        _terminal = terminal;
        _images = new("--images") { Description = "Pictures shown in all", HelpName = "N", DefaultValueFactory = _ => defaults.Images };
        _batch = new("--batch") { Description = "Pictures per optimizer step", HelpName = "N", DefaultValueFactory = _ => defaults.BatchSize };
        _learningRate = new("--learning-rate") { Description = "Peak learning rate", HelpName = "X", DefaultValueFactory = _ => defaults.LearningRate };
        _emaDecay = new("--ema-decay") { Description = "Decay of the weights' moving average", HelpName = "X", DefaultValueFactory = _ => defaults.EmaDecay };
        _seed = new("--seed") { Description = "Seed of everything random", HelpName = "N", DefaultValueFactory = _ => defaults.Seed };
        _checkpointMinutes = new("--checkpoint-minutes") { Description = "Minutes between checkpoints", HelpName = "X", DefaultValueFactory = _ => defaults.CheckpointInterval.TotalMinutes };
    }

    /// <summary><c>--architecture</c>, for stages that can start from nothing; not among those of <see cref="AddTo"/>.</summary>
    public Option<string> Architecture { get; } = new("--architecture") { Description = "Folder with vae.json, unet.json and text_encoder.json; unused with --from", HelpName = "DIR", DefaultValueFactory = _ => "configs/emoji-lcm" };

    /// <summary><c>--prompts</c>, for stages that draw pictures on the way; not among those of <see cref="AddTo"/>.</summary>
    public Option<string> Prompts { get; } = new("--prompts") { Description = "Prompts of the sample pictures, one a line", HelpName = "FILE", DefaultValueFactory = _ => "configs/prompts/samples.txt" };

    /// <summary><c>--guidance</c>, for stages that make a text-to-image model; not among those of <see cref="AddTo"/>.</summary>
    public Option<double> Guidance { get; } = new("--guidance") { Description = "Guidance scale of the samples, which is recommended in the model", HelpName = "G", DefaultValueFactory = _ => 3 };

    /// <summary>Adds the shared options to <paramref name="command"/> and returns it.</summary>
    public DocumentedCommand AddTo(DocumentedCommand command)
    {
        foreach (var option in (Option[])[_dataset, _output, _groupWeights, _images, _batch, _learningRate, _emaDecay, _seed, _checkpointMinutes, _threads, _resume, .. _resumeOptions.All])
            command.Add(option);
        return command;
    }

    /// <summary>Checks the options and the output folder before anything is loaded, and applies the number of threads.</summary>
    /// <exception cref="UserErrorException">Something is wrong with them.</exception>
    /// <param name="arguments">What was given.</param>
    /// <param name="choices">Further options that a resumed run has to repeat, with their values.</param>
    public PretrainingSettings Read(ParseResult arguments, params IReadOnlyList<(string Option, string Value)> choices)
    {
        var weights = ParseWeights(arguments.GetValue(_groupWeights));
        var settings = new PretrainingSettings
        {
            Images = arguments.Checked(_images, images => images >= 1, OptionChecks.Count),
            BatchSize = arguments.Checked(_batch, batch => batch >= 1, OptionChecks.Count),
            LearningRate = arguments.Checked(_learningRate, rate => rate > 0 && double.IsFinite(rate), "a number above 0"),
            EmaDecay = arguments.Checked(_emaDecay, decay => decay is >= 0 and < 1, "a number of at least 0 and below 1"),
            Seed = arguments.GetValue(_seed),
            Choices = choices.Append((_groupWeights.Name, Describe(weights))).ToDictionary(StringComparer.Ordinal),
            CheckpointInterval = TimeSpan.FromMinutes(arguments.Checked(_checkpointMinutes, minutes => minutes is > 0 and <= 1e6, "a number above 0 and at most 1e6")),
        };
        _threads.Apply(arguments);
        if (_resumeOptions.Read(arguments, arguments.GetValue(_resume)) is null)
            OutputPath.CheckFolder(Output(arguments));
        else
            PretrainingFolder.RequireContinuable(Output(arguments));
        return settings;
    }

    /// <summary>The path of <paramref name="file"/> in the architecture's folder.</summary>
    public string ArchitectureFile(ParseResult arguments, string file) => Path.Combine(ShippedFiles.Require(arguments.GetRequiredValue(Architecture), "the architecture folder"), file);

    /// <summary>The pictures to train on, <paramref name="size"/> pixels high and wide.</summary>
    public TrainingPictures Pictures(ParseResult arguments, int size, CancellationToken stop, Predicate<ImageRecord>? leaveOut = null) =>
        TrainingPictures.Read(arguments.GetRequiredValue(_dataset), size, ParseWeights(arguments.GetValue(_groupWeights)), stop, leaveOut);

    /// <summary>The prompts of the sample pictures.</summary>
    public IReadOnlyList<string> SamplePrompts(ParseResult arguments) => PromptFile.Read(ShippedFiles.Require(arguments.GetRequiredValue(Prompts), "the prompts"));

    /// <summary>The hash of the prompts' file, by their option.</summary>
    public (string Option, string Sha256) SamplePromptsHash(ParseResult arguments) => (Prompts.Name, FileHash.Sha256(ShippedFiles.Require(arguments.GetRequiredValue(Prompts), "the prompts")));

    /// <summary>The guidance scale as an option that a resumed run has to repeat.</summary>
    public (string Option, string Value) GuidanceChoice(ParseResult arguments) => (Guidance.Name, GuidanceScale(arguments).ToString(CultureInfo.InvariantCulture));

    /// <summary>The guidance scale of the sample pictures.</summary>
    public double GuidanceScale(ParseResult arguments) => arguments.Checked(Guidance, scale => scale >= 1, OptionChecks.Scale);

    /// <summary>The output folder, absolute.</summary>
    public string Output(ParseResult arguments) => Path.GetFullPath(arguments.Checked(_output, path => path.Length > 0, "a folder"));

    /// <summary>Trains <paramref name="stage"/> until it is done or <paramref name="stop"/> asks to stop, and returns the exit code.</summary>
    public int Run(ParseResult arguments, IPretrainingStage stage, PretrainingSettings settings, CancellationToken stop)
    {
        var folder = new PretrainingFolder(Output(arguments));
        var loop = new PretrainingLoop(stage, settings, folder);
        try
        {
            bool done;
            using (var reporter = new StageReporter(_terminal, TimeProvider.System))
                done = loop.Run(_resumeOptions.Read(arguments, arguments.GetValue(_resume)), new Both(reporter, new LossCurve(folder)), _terminal.Error.WriteLine, stop);
            LossCurve.Write(folder);
            _terminal.Output.WriteLine(done ? $"Saved {folder.ModelPath}." : $"Stopped; continue with --resume. The model so far is {folder.ModelPath}.");
            return ExitCode.Success;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw DiskFailure.OfRun(error, folder.Path, "the same command with --resume");
        }
    }

    /// <summary>Hashes of what a stage reads, by option.</summary>
    /// <param name="arguments">What was given.</param>
    /// <param name="pictures">The dataset.</param>
    /// <param name="architecture">Files of <c>--architecture</c> that are read.</param>
    /// <param name="others">Hashes of further inputs; null: it was not given.</param>
    public IReadOnlyDictionary<string, string> Sha256(ParseResult arguments, TrainingPictures pictures, string[] architecture, params IEnumerable<(string Option, string? Sha256)> others)
    {
        var hashes = others.Where(entry => entry.Sha256 is not null).Select(entry => (entry.Option, entry.Sha256!)).Append((_dataset.Name, pictures.Sha256));
        return hashes.Concat(architecture.Select(file => ($"{Architecture.Name} {file}", FileHash.Sha256(ArchitectureFile(arguments, file))))).ToDictionary(StringComparer.Ordinal);
    }

    private static string Describe(Dictionary<string, double>? weights) => weights is null
        ? "nothing"
        : string.Join(',', weights.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => string.Create(CultureInfo.InvariantCulture, $"{entry.Key}={entry.Value}")));

    private static Dictionary<string, double>? ParseWeights(string? text)
    {
        if (text is null)
            return null;
        var weights = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var entry in text.Split(','))
        {
            if (entry.Split('=') is not [var group, var number] || !double.TryParse(number, CultureInfo.InvariantCulture, out var weight) || !(weight >= 0))
                throw new UserErrorException($"--group-weights: expected group=number, found {entry}; write it like animals-nature=6,food-drink=1.");
            if (!weights.TryAdd(group, weight))
                throw new UserErrorException($"--group-weights: expected every group once, found {group} again; keep one of its weights.");
        }

        return weights;
    }

    /// <summary>Tells two of the same progress.</summary>
    private sealed class Both(IProgress<PretrainingProgress> first, IProgress<PretrainingProgress> second) : IProgress<PretrainingProgress>
    {
        public void Report(PretrainingProgress value)
        {
            first.Report(value);
            second.Report(value);
        }
    }
}
