using System.CommandLine;
using Rlcm.Cli.Imaging;
using Rlcm.Cli.Reporting;
using Rlcm.Evaluation;
using Rlcm.Models;
using Rlcm.Models.Lora;
using Rlcm.Rewards;
using Rlcm.Rewards.Remote;
using Rlcm.Rollouts;
using Rlcm.Runtime;
using Rlcm.Training;

namespace Rlcm.Cli.Commands;

/// <summary><c>rlcm evaluate --rewards</c>: a model and its adapters by several rewards, on the same prompts and seeds.</summary>
internal sealed class RewardEvaluation(EvaluationOptions shared)
{
    /// <summary>Prompts that no preset trains on.</summary>
    public const string DefaultPrompts = "configs/prompts/held-out.txt";

    private const string ClipModel = "clipModel"; // also tells how pictures differ
    private const int DefaultSamples = 4;
    private const int ShownPrompts = 12;
    private const ulong Seed = SampleCommand.DefaultSeed; // the pictures are those of rlcm sample

    private readonly Option<int> _samples = new("--samples") { Description = "With --rewards: pictures of each prompt; at least 2 for its diversity", HelpName = "N", DefaultValueFactory = _ => DefaultSamples };
    private readonly IReadOnlyList<KeyOption> _keys = RewardOptions.Create();
    private readonly SetOption _set = new($"With --rewards: any key of a reward, also {string.Join(", ", RewardOptions.OtherKeys)}; may be repeated");

    /// <summary>The option that asks for this evaluation.</summary>
    public RewardsOption Rewards { get; } = new();

    /// <summary>The other options that no other evaluation has.</summary>
    public IReadOnlyList<Option> Others => [_samples, .. _keys, _set];

    /// <summary>Measures, prints and saves.</summary>
    /// <exception cref="UserErrorException">Something that was asked for is missing, damaged or does not go together.</exception>
    public void Run(ParseResult arguments, Terminal terminal, CancellationToken stop)
    {
        var assignments = TrainConfigReader.ReadAssignments(_set.Assignments(arguments));
        foreach (var assignment in assignments)
            OptionChecks.RequireOneOf(_set, assignment.Key, [.. _keys.Select(option => option.Key), .. RewardOptions.OtherKeys]);
        TrainConfigFlag[] flags = [.. KeyOption.Given(_keys, arguments), .. assignments];
        TrainConfig[] configs = [.. Rewards.Tasks(arguments).Select(task => TrainConfigReader.ReadFlags([new(Rewards.Name, "task", task), .. flags.Where(flag => RewardRules.IsUsedBy(flag.Key, task))]))];
        if (flags.Where(flag => flag.Key != ClipModel && !configs.Any(config => RewardRules.IsUsedBy(flag.Key, config.Task))).Select(flag => flag.Flag).FirstOrDefault() is { } unused)
            throw new UserErrorException($"{unused}: expected with a reward that uses it, found {string.Join(", ", configs.Select(config => config.Task))}; leave it out, or add the reward to {Rewards.Name}.");
        var samples = arguments.Checked(_samples, number => number >= 1, OptionChecks.Count);
        var guidance = shared.Guidance(arguments);
        shared.Steps.Read(arguments, defaults: []);
        var adapters = shared.Adapters.Read(arguments);
        var output = arguments.GetValue(shared.Output);
        if (output is not null)
            OutputPath.CheckFolder(output);
        var prompts = shared.Prompts(arguments, DefaultPrompts);
        if (configs.Any(config => config.Task == "recognized"))
            RecognizedReward.Require(prompts);

        using var model = shared.Model.Load(arguments, terminal, stop);
        var scale = guidance ?? model.Generation.GuidanceScale;
        using var sampler = new ModelSampler(model, scale, seed => RolloutNoise.Sample(Seed, seed));
        var steps = shared.Steps.Read(arguments, sampler.DefaultSteps);
        sampler.Require(steps);
        AdaptersOption.Require(adapters, model, shared.Model.Name(arguments), terminal);
        using var rewards = new LoadedRewards(configs, flags.Where(flag => flag.Key == ClipModel).Select(flag => flag.Value).LastOrDefault(RewardFactory.EmbeddedClip), new Retries(terminal.Error));
        rewards.Probe(sampler.PictureSize, prompts[0], stop);
        var evaluator = new RewardEvaluator(rewards.All, rewards.Clip, prompts, samples, sampler.BatchSize);

        var conditions = new RewardConditions(shared.Model.Name(arguments), adapters, shared.PromptsFile(arguments, DefaultPrompts), prompts.Count, samples, Seed, scale);
        var results = Measure(conditions, [.. prompts.Take(ShownPrompts)], model, sampler, evaluator, steps, terminal, stop);
        foreach (var table in results.Tables)
            terminal.Write(RewardText.Table(table));
        foreach (var sentence in RewardText.Changes(results))
            terminal.Output.WriteLine(sentence);
        foreach (var warning in RewardText.Warnings(results))
            terminal.Error.WriteLine($"Warning: {warning}");
        if (output is null)
            return;
        RewardFiles.Write(output, results);
        terminal.Output.WriteLine($"Wrote results.json, results.csv, results.md, plot.png and grid.png to {Path.GetFullPath(output)}.");
    }

    private static RewardResults Measure(
        RewardConditions conditions, IReadOnlyList<string> shown, TextToImageModel model, ModelSampler sampler, RewardEvaluator evaluator, IReadOnlyList<int> steps, Terminal terminal, CancellationToken stop)
    {
        using var line = new ProgressLine(terminal, TimeProvider.System);
        var rows = new List<ComparedMeasure>();
        var pictures = new List<PictureColumn>();
        var untuned = new Dictionary<int, IReadOnlyList<MeasuredValues>>();
        foreach (var adapter in (NamedAdapter?[])[null, .. conditions.Adapters])
        {
            var name = adapter?.Name ?? AdaptersOption.UntunedModel;
            using var attached = adapter is null ? null : AdapterFile.Load(model.Unet, adapter.Path);
            using var merged = attached?.Merge();
            foreach (var number in steps)
            {
                var origin = $"{name} at {number} {(number == 1 ? "step" : "steps")}";
                var evaluated = evaluator.Evaluate((texts, seeds) => sampler.Draw(number, texts, seeds, stop), origin, shown.Count, new Progress(line, origin, evaluator.Pictures), stop);
                pictures.Add(new(name, number, evaluated.Shown));
                if (adapter is null)
                    untuned.Add(number, evaluated.Values);
                rows.AddRange(evaluated.Values.Zip(untuned[number], (values, before) => adapter is null
                    ? MeasureComparison.OfUntuned(name, number, values)
                    : MeasureComparison.Of(name, number, values, before)));
            }
        }

        return new(conditions, rows, shown, pictures);
    }

    private sealed class Retries(TextWriter output) : IProgress<RewardRetry>
    {
        public void Report(RewardRetry value) => output.WriteLine(value.Message);
    }

    private sealed class Progress(ProgressLine line, string origin, int pictures) : IProgress<int>
    {
        public void Report(int value)
        {
            if (line.IsDue)
                line.Show($"{origin}: {value} of {pictures} pictures");
        }
    }
}
