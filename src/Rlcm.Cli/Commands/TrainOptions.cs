using System.CommandLine;
using Rlcm.Cli.Reporting;
using Rlcm.Evaluation;
using Rlcm.Rewards;
using Rlcm.Runtime;
using Rlcm.Training;

namespace Rlcm.Cli.Commands;

/// <summary>What <c>rlcm train</c> was asked to do.</summary>
/// <param name="Config">The whole configuration, checked.</param>
/// <param name="Output">The run's folder: new, or that of the run to continue.</param>
/// <param name="Resume">How to continue the run; null: it is a new one.</param>
/// <param name="Quiet">Whether to say nothing but what went wrong.</param>
internal sealed record TrainRequest(TrainConfig Config, string Output, ResumeRequest? Resume, bool Quiet)
{
    /// <summary>Told of progress, and disposed, in place of the reporter that fits the terminal; null: that one is.</summary>
    public ITrainReporter? Reporter { get; init; }

    /// <summary>What continues the run when it was stopped, for messages; null: <c>rlcm train --resume</c>.</summary>
    public string? Continuation { get; init; }

    /// <summary>How much is measured of the model.</summary>
    public EvaluationScope Scope { get; init; } = EvaluationScope.Full;
}

/// <summary>The options of <c>rlcm train</c>. Values of the configuration stay text here: the reader of configurations checks them all at once.</summary>
internal sealed class TrainOptions
{
    private readonly Option<string> _preset = new("--config") { Description = "Preset in configs/ or a JSON file [default: quick, for --algorithm ddpo: ddpo]", HelpName = "FILE" };
    private readonly Option<string> _output = new("--output") { Description = "New folder for everything about the run [default: runs/TASK-TIME]", HelpName = "DIR" };
    private readonly Option<string> _resume = new("--resume") { Description = "Continue the run in this folder from its latest checkpoint", HelpName = "RUN" };
    private readonly Option<string[]> _rewards = new("--reward") { Description = "Part of a weighted sum (task weighted): a reward, its weight, and limits of its scores, such as compression=1 or clip-score=-0.5:0.1..0.4; repeated for each", HelpName = "TASK=WEIGHT" };
    private readonly KeyOption _algorithm = new("algorithm", "NAME", "rlcm, on a consistency model, or ddpo, with which the paper compares it, on a diffusion model");
    private readonly SetOption _set = new("Any key of a run's config.json, such as learningRate=2e-4; may be repeated");
    private readonly Option<bool> _quiet = new("--quiet") { Description = "Report nothing but errors" };

    private readonly KeyOption[] _keys;

    public TrainOptions() => _keys =
    [
        _algorithm,
        new("task", "TASK", "Reward: compression (small JPEG files), incompression (large ones), aesthetic, alignment (of picture and prompt), style, clip-score, pick-score, vlm-bertscore, http (a server's) or weighted (a sum)"),
        .. RewardOptions.Create(),
        new("model", ModelOptions.Value, $"Latent consistency model, for ddpo a diffusion model: {ModelOptions.Places}"),
        new("lcmLora", "FILE", ModelOptions.LcmLoraDescription),
        new("prompts", "FILE", "Training prompts, one a line"),
        new("updates", "N", "Updates of the policy"),
        new("seed", "N", "Seed of everything random"),
        new("device", DeviceOptions.DeviceValue, DeviceOptions.DeviceDescription),
        new("dtype", DeviceOptions.DtypeValue, DeviceOptions.DtypeDescription),
        new("threads", "N", "Threads of the networks; 0 is one for each core"),
    ];

    private ResumeOptions ResumeOptions { get; } = new();

    /// <summary><c>--download</c>; no key of the configuration, since it changes nothing of the run.</summary>
    public DownloadOption Download { get; } = new();

    /// <summary>Adds the options to <paramref name="command"/>.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_preset, .. _keys[..2], _rewards, .. _keys[2..], Download, _output, _resume, .. ResumeOptions.All, _set, _quiet])
            command.Add(option);
    }

    /// <summary>Reads and checks the configuration and the output folder; nothing is written yet.</summary>
    /// <exception cref="UserErrorException">Something is wrong with them.</exception>
    public TrainRequest Read(ParseResult arguments, TimeProvider time)
    {
        TrainConfigFlag[] flags = [.. RewardFlags(arguments), .. KeyOption.Given(_keys, arguments)];
        var assignments = _set.Assignments(arguments);
        var quiet = arguments.GetValue(_quiet);
        if (arguments.GetValue(_resume) is { } earlier)
        {
            RefuseWithResume(arguments);
            var run = RunFolder.Open(earlier);
            return new(TrainConfigReader.ReadRun(run.Config, flags, assignments), run.Path, ResumeOptions.Read(arguments, isContinued: true), quiet);
        }

        ResumeOptions.Read(arguments, isContinued: false);

        var config = TrainConfigReader.Read(Preset(arguments), flags, assignments);
        if (config.Task == Tuning.Task)
            throw new UserErrorException($"task: {Tuning.Task} stands for the reward of a program of yours (Tuning.Run, as in samples/brightness.cs), which rlcm does not know; choose another task.");
        var output = arguments.GetValue(_output) ?? RunFolder.DefaultPath(config.Task, time);
        OutputPath.CheckFolder(output);
        return new(config, output, Resume: null, quiet);
    }

    private string Preset(ParseResult arguments) =>
        arguments.GetValue(_preset) ?? (arguments.GetValue(_algorithm) == "ddpo" ? "ddpo" : "quick");

    /// <summary>Parts of a sum make the task one; a task that is named beside them wins.</summary>
    private IEnumerable<TrainConfigFlag> RewardFlags(ParseResult arguments) => arguments.GetValue(_rewards) is { Length: > 0 } parts
        ? [new(_rewards.Name, "task", TrainingReward.SumName), new(_rewards.Name, "rewards", string.Join(',', parts))]
        : [];

    private void RefuseWithResume(ParseResult arguments)
    {
        if (((Option[])[_preset, _output]).FirstOrDefault(option => arguments.IsGiven(option)) is { } clash)
            throw new UserErrorException($"--resume continues a run as it was started, found {clash.Name} beside it; leave that out, or start a new run.");
    }
}
