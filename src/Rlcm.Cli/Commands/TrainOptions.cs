using System.CommandLine;
using System.Text.Json;
using Rlcm.Runtime;
using Rlcm.Training;

namespace Rlcm.Cli.Commands;

/// <summary>What <c>rlcm train</c> was asked to do.</summary>
/// <param name="Config">The whole configuration, checked.</param>
/// <param name="Output">The run's folder: new, or that of the run to continue.</param>
/// <param name="Resume">How to continue the run; null: it is a new one.</param>
/// <param name="Quiet">Whether to say nothing but what went wrong.</param>
internal sealed record TrainRequest(TrainConfig Config, string Output, ResumeRequest? Resume, bool Quiet);

/// <summary>The options of <c>rlcm train</c>. Values of the configuration stay text here: the reader of configurations checks them all at once.</summary>
internal sealed class TrainOptions
{
    private readonly Option<string> _preset = new("--config") { Description = "Preset in configs/ or a JSON file", HelpName = "FILE", DefaultValueFactory = _ => "quick" };
    private readonly Option<string> _output = new("--output") { Description = "New folder for everything about the run [default: runs/TASK-TIME]", HelpName = "DIR" };
    private readonly Option<string> _resume = new("--resume") { Description = "Continue the run in this folder from its latest checkpoint", HelpName = "RUN" };
    private readonly Option<string[]> _set = new("--set") { Description = "Any key of a run's config.json, such as learningRate=2e-4; may be repeated", HelpName = "key=value" };
    private readonly Option<bool> _quiet = new("--quiet") { Description = "Report nothing but errors" };

    private readonly (string Key, Option<string> Option)[] _keys =
    [
        Key("task", "TASK", "Reward: compression (small JPEG files), incompression (large ones), aesthetic, clip-score, pick-score, vlm-bertscore or http (a server's)"),
        Key("aestheticModel", "DIR", "CLIP ViT-L/14, for aesthetic"),
        Key("aestheticHead", "FILE", "LAION's head (.pth or .safetensors), for aesthetic"),
        Key("rewardUrl", "URL", "Reward server, for http and vlm-bertscore"),
        Key("vlmModel", "NAME", "Vision-language model at that server, for vlm-bertscore"),
        Key("bertModel", "DIR", "Encoder of sentences as ONNX with its tokenizer, for vlm-bertscore"),
        Key("clipModel", "DIR", "CLIP model as transformers writes it, for clip-score and pick-score"),
        Key("model", ModelOptions.Value, $"Latent consistency model: {ModelOptions.Places}"),
        Key("lcmLora", "FILE", ModelOptions.LcmLoraDescription),
        Key("prompts", "FILE", "Training prompts, one a line"),
        Key("updates", "N", "Updates of the policy"),
        Key("seed", "N", "Seed of everything random"),
        Key("device", DeviceOptions.DeviceValue, DeviceOptions.DeviceDescription),
        Key("dtype", DeviceOptions.DtypeValue, DeviceOptions.DtypeDescription),
        Key("threads", "N", "Threads of the networks; 0 is one for each core"),
    ];

    private ResumeOptions ResumeOptions { get; } = new();

    /// <summary><c>--download</c>; no key of the configuration, since it changes nothing of the run.</summary>
    public DownloadOption Download { get; } = new();

    /// <summary>Adds the options to <paramref name="command"/>.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_preset, .. _keys.Select(key => key.Option), Download, _output, _resume, .. ResumeOptions.All, _set, _quiet])
            command.Add(option);
    }

    /// <summary>Reads and checks the configuration and the output folder; nothing is written yet.</summary>
    /// <exception cref="UserErrorException">Something is wrong with them.</exception>
    public TrainRequest Read(ParseResult arguments, TimeProvider time)
    {
        TrainConfigFlag[] flags = [.. _keys.Where(key => IsGiven(arguments, key.Option)).Select(key => new TrainConfigFlag(key.Option.Name, key.Key, arguments.GetValue(key.Option)!))];
        var assignments = arguments.GetValue(_set) ?? [];
        var quiet = arguments.GetValue(_quiet);
        if (arguments.GetValue(_resume) is { } earlier)
        {
            RefuseWithResume(arguments);
            var run = RunFolder.Open(earlier);
            return new(TrainConfigReader.ReadRun(run.Config, flags, assignments), run.Path, ResumeOptions.Read(arguments, isContinued: true), quiet);
        }

        ResumeOptions.Read(arguments, isContinued: false);

        var config = TrainConfigReader.Read(arguments.GetValue(_preset)!, flags, assignments);
        if (config.Task == Tuning.Task)
            throw new UserErrorException($"task: {Tuning.Task} stands for the reward of a program of yours (Tuning.Run, as in samples/brightness.cs), which rlcm does not know; choose another task.");
        var output = arguments.GetValue(_output) ?? RunFolder.DefaultPath(config.Task, time);
        OutputPath.CheckFolder(output);
        return new(config, output, Resume: null, quiet);
    }

    private void RefuseWithResume(ParseResult arguments)
    {
        if (((Option[])[_preset, _output]).FirstOrDefault(option => IsGiven(arguments, option)) is { } clash)
            throw new UserErrorException($"--resume continues a run as it was started, found {clash.Name} beside it; leave that out, or start a new run.");
    }

    private static bool IsGiven(ParseResult arguments, Option option) => arguments.GetResult(option) is { Implicit: false };

    private static (string Key, Option<string> Option) Key(string key, string value, string description) =>
        (key, new Option<string>($"--{JsonNamingPolicy.KebabCaseLower.ConvertName(key)}") { Description = description, HelpName = value });
}
