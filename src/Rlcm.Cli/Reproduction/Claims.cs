using System.Globalization;
using Rlcm.Comparison;
using Rlcm.Evaluation;

namespace Rlcm.Cli.Reproduction;

/// <summary>What the numbers say of a claim.</summary>
internal enum Verdict
{
    /// <summary>They bear it out.</summary>
    Holds,

    /// <summary>They speak against it.</summary>
    DoesNotHold,

    /// <summary>They would do for neither.</summary>
    NotClear,

    /// <summary>There are none yet.</summary>
    NotMeasured,
}

/// <summary>A claim of the paper and what was measured of it.</summary>
/// <param name="Name">What it is about.</param>
/// <param name="Paper">What the paper says.</param>
/// <param name="Measured">What was measured here.</param>
/// <param name="Rule">When it counts as holding; otherwise it does not hold, or is not clear, as the rule says.</param>
/// <param name="Verdict">What follows.</param>
internal sealed record Claim(string Name, string Paper, string Measured, string Rule, Verdict Verdict);

/// <summary>The claims of the paper (Oertell et al. 2024), each judged by a rule that is stated with it.</summary>
/// <param name="results">What was measured.</param>
internal sealed class Claims(StudyResults results)
{
    /// <summary>The speed-up in time by the paper's compression curves.</summary>
    public const double PaperSpeedUp = 6.0;

    private const double PaperText = 17;
    private const double RolloutShare = 0.25;
    private const double UsableShare = 0.9;
    private const int FewSteps = 2;
    private const double RuinedShare = 0.5;

    /// <summary>All of them.</summary>
    public IReadOnlyList<Claim> All => [Faster(), FasterAsInText(), PerQuery(), FewStepsSuffice(), CheaperRollouts(), LongerHorizon(), EveryHorizonFaster(), Unseen()];

    /// <summary>How many times sooner, in training time, RLCM's mean gains as much as DDPO's at its highest; null where one of them is missing, RLCM never does, or that is not clearly above 0.</summary>
    public double? Factor(string task, string arm = StudyDefinition.Rlcm) => IsMeasured(task) && IsGained(task) ? SpeedUp(task, arm)?.Ratio : null;

    /// <summary>RLCM's default, and the recipe of the released code where the study has it.</summary>
    private IEnumerable<string> Recipes(string task) => ((string[])[StudyDefinition.Rlcm, StudyDefinition.Released]).Where(arm => results.Curve(task, arm) is not null);

    private SpeedUp? SpeedUp(string task, string arm) => results.Curve(task, arm) is { } rlcm && results.Curve(task, StudyDefinition.DdpoArm) is { } ddpo
        ? Comparison.SpeedUp.OfGain(rlcm.ByMinutes, ddpo.ByMinutes, share: 1)
        : null;

    private Claim Faster()
    {
        const string task = "compression";
        return new(
            "faster in time (compression)",
            "DDPO's final reward in a sixth of its time (6.0x, from the curves)",
            IsMeasured(task) ? Describe(task) : MarkdownText.Nothing,
            $"holds where the factor of every seed of RLCM is at least {Text(PaperSpeedUp)}, by every recipe; does not hold where none is; not clear where DDPO's own gain is not",
            !IsMeasured(task) ? Verdict.NotMeasured : ByFactor([task], PaperSpeedUp));
    }

    private Claim FasterAsInText()
    {
        string[] tasks = [.. results.Tasks(StudyPart.Main).Where(IsMeasured)];
        return new(
            "17 times faster",
            "\"x17\" on aesthetic quality, by the text",
            tasks.Length > 0 ? string.Join("; ", tasks.Select(Describe)) : MarkdownText.Nothing,
            "aesthetic quality is not measured here: holds where the factor of every seed of RLCM is at least 17, by every recipe, on more than half of the tasks; does not hold where none is on any",
            tasks.Length == 0 ? Verdict.NotMeasured : ByFactor(tasks, PaperText));
    }

    private Claim PerQuery()
    {
        var changes = (from task in results.Tasks(StudyPart.Main)
                       from arm in Recipes(task)
                       let difference = DifferenceAtEqualQueries(task, arm)
                       where difference is not null
                       select (Task: task, Arm: arm, Difference: difference.Value)).ToLookup(change => change.Task);
        var (better, worse) = (changes.Count(task => task.All(change => change.Difference.Interval is { Low: > 0 })), changes.Count(task => task.All(change => change.Difference.Interval is { High: < 0 })));
        return new(
            "better per reward query",
            "higher reward for the same queries on three of four tasks",
            changes.Count == 0 ? MarkdownText.Nothing : $"gain of RLCM less DDPO's at the end of the shorter budget: {string.Join("; ", changes.SelectMany(task => task).Select(change => $"{change.Task}{AsReleased(change.Arm)} {MarkdownText.Signed(change.Difference)}"))}",
            "holds where the interval over seeds is above 0, by every recipe, on more than half of the tasks; does not hold where it is below 0 on as many",
            changes.Count == 0 ? Verdict.NotMeasured : 2 * better > changes.Count ? Verdict.Holds : 2 * worse > changes.Count ? Verdict.DoesNotHold : Verdict.NotClear);
    }

    private Claim FewStepsSuffice()
    {
        var tuned = results.Inference.Where(measures => measures.Algorithm == StudyDefinition.Rlcm && measures.Seed is not null).GroupBy(measures => measures.Task)
            .Select(task => (Task: task.Key, Few: Share(task.Key, FewSteps), Most: task.SelectMany(measures => measures.BySteps).Select(step => step.Steps).Distinct().Max(steps => Share(task.Key, steps))))
            .Where(task => task is { Few: not null, Most: > 0 }).ToArray();
        return new(
            "usable pictures in few steps",
            "usable pictures in two steps",
            tuned.Length == 0 ? MarkdownText.Nothing : $"recognized in {FewSteps} steps, of the best at any number of steps: {string.Join("; ", tuned.Select(task => $"{task.Task} {MarkdownText.Percent(task.Few!.Value)} of {MarkdownText.Percent(task.Most!.Value)}"))}",
            $"holds where two steps keep {MarkdownText.Percent(UsableShare)} of the best recognized share, and at least {MarkdownText.Percent(RuinedShare)}, on every task; does not hold where they do on none",
            tuned.Length == 0 ? Verdict.NotMeasured : OfAll(tuned.Select(task => task.Few >= UsableShare * task.Most && task.Few >= RuinedShare)));
    }

    private Claim CheaperRollouts()
    {
        var (rlcm, ddpo) = (Seconds(StudyDefinition.Rlcm, StudyDefinition.Horizon), Seconds(StudyDefinition.Ddpo, StudyDefinition.DdpoHorizon));
        return new(
            "cheaper rollouts",
            "a rollout takes about a quarter of DDPO's time",
            rlcm / ddpo is { } share ? $"a picture in {StudyDefinition.Horizon} steps takes {MarkdownText.Percent(share)} of the time of one in {StudyDefinition.DdpoHorizon} with guidance" : MarkdownText.Nothing,
            "holds where it is at most a quarter; does not hold otherwise",
            rlcm / ddpo is not { } measured ? Verdict.NotMeasured : measured <= RolloutShare ? Verdict.Holds : Verdict.DoesNotHold);
    }

    private Claim LongerHorizon()
    {
        var changes = results.Tasks(StudyPart.Horizon).SelectMany(HorizonDifferences).ToArray();
        return new(
            "longer horizon, higher reward",
            "the reward rises with the training horizon, 2 to 4 to 8",
            changes.Length == 0 ? MarkdownText.Nothing : $"gain less that of the next shorter horizon: {string.Join("; ", changes.Select(change => $"{change.Task}, H = {change.Horizon}: {MarkdownText.Signed(change.Difference)}"))}",
            "holds where the intervals over seeds are above 0, at both steps and on every task; does not hold where one is below 0",
            changes.Length == 0 ? Verdict.NotMeasured : BySigns([.. changes.Select(change => change.Difference)]));
    }

    private Claim EveryHorizonFaster()
    {
        string[] tasks = [.. results.Tasks(StudyPart.Horizon).Where(IsMeasured)];
        var factors = tasks.Where(IsGained).SelectMany(task => results.Arms(StudyPart.Horizon, task)
            .Where(arm => results.Curve(task, arm) is not null).OrderBy(ArmNames.Horizon).Select(arm => (Name: $"{task}, H = {ArmNames.Horizon(arm)}:", Factor: Factor(task, arm)))).ToArray();
        return new(
            "faster at every horizon",
            "RLCM is faster than DDPO at every horizon",
            tasks.Length == 0 ? MarkdownText.Nothing : string.Join("; ", (IEnumerable<string>)[.. factors.Select(factor => $"{factor.Name} {Times(factor.Factor)}"), .. tasks.Where(task => !IsGained(task)).Select(Describe)]),
            "holds where every factor in time to DDPO's gain is above 1; does not hold where none is; not clear where DDPO's own gain is not, on any task",
            tasks.Length == 0 ? Verdict.NotMeasured : !tasks.All(IsGained) ? Verdict.NotClear : OfAll(factors.Select(factor => factor.Factor > 1)));
    }

    private Claim Unseen()
    {
        var changes = results.Generalization.Where(measures => measures.Algorithm == StudyDefinition.Rlcm).Select(measures => measures.Sets[1].Change).ToArray();
        var over = changes.Length == 0 ? (Estimate?)null : changes.Length == 1 ? changes[0] : SeedMean.OfValues([.. changes.Select(change => change.Mean)]);
        return new(
            "unseen prompts",
            "the reward rises on prompts that were not trained on",
            over is null ? MarkdownText.Nothing : $"reward of animals that were not trained on: {MarkdownText.Signed(over.Value)}",
            "holds where the interval of the change is above 0 (over seeds; over prompts where there is one seed); does not hold where it is below",
            over is null ? Verdict.NotMeasured : BySigns([over.Value]));
    }

    private bool IsMeasured(string task) => results.Curve(task, StudyDefinition.Rlcm) is not null && results.Curve(task, StudyDefinition.DdpoArm) is not null;

    /// <summary>Whether DDPO gains anything that RLCM can be compared by; of what <see cref="IsMeasured"/>.</summary>
    private bool IsGained(string task) => results.Curve(task, StudyDefinition.DdpoArm)!.IsClear;

    /// <summary>Seed by seed where both have the seed, at the last number of queries that both have reached.</summary>
    private Estimate? DifferenceAtEqualQueries(string task, string arm)
    {
        var pairs = results.Of(task, arm).Join(results.Of(task, StudyDefinition.DdpoArm), run => run.Run.Seed, run => run.Run.Seed, (rlcm, ddpo) => (rlcm, ddpo)).ToArray();
        return pairs.Length == 0 ? null : SeedMean.OfValues([.. pairs.Select(pair =>
        {
            var queries = Math.Min(pair.rlcm.Curve.End.Queries, pair.ddpo.Curve.End.Queries);
            return pair.rlcm.GainAtQueries(queries) - pair.ddpo.GainAtQueries(queries);
        })]);
    }

    private IEnumerable<(string Task, int Horizon, Estimate Difference)> HorizonDifferences(string task)
    {
        string[] arms = [.. results.Arms(StudyPart.Horizon, task).OrderBy(ArmNames.Horizon)];
        return from pair in arms.Zip(arms.Skip(1))
               let difference = results.Paired(task, pair.Second, pair.First, run => run.Gain)
               where difference is not null
               select (task, ArmNames.Horizon(pair.Second), difference.Value);
    }

    private double? Share(string task, int steps) => results.RecognizedShare(task, StudyDefinition.Rlcm, isTuned: true, steps);

    private double? Seconds(string algorithm, int steps)
    {
        double[] seconds = [.. results.Inference.Where(model => model.Algorithm == algorithm).SelectMany(model => model.BySteps).Where(step => step.Steps == steps).Select(step => step.SecondsPerPicture)];
        return seconds.Length == 0 ? null : seconds.Average();
    }

    /// <summary>The factors of the means, those of RLCM's seeds, and how many animals are recognized where the gains are alike.</summary>
    private string Describe(string task) => IsGained(task)
        ? string.Join(", ", Recipes(task).Select(arm => $"{(arm == StudyDefinition.Rlcm ? task : AsReleased(arm).TrimStart())} {Describe(SpeedUp(task, arm)!)}{RecognizedThere(task, arm)}"))
        : $"{task} n/a, since DDPO's gain is not clearly above 0";

    private static string Describe(SpeedUp speedUp) => Times(speedUp.Ratio) + (speedUp.SeedRatios is { Count: > 1 } seeds ? $" (seeds {string.Join(", ", seeds.Select(Times))})" : string.Empty);

    private string RecognizedThere(string task, string arm) =>
        results.Curve(task, arm)!.RecognizedAt(SpeedUp(task, arm)!.OfSeeds) is { } own && results.RecognizedShare(task, StudyDefinition.Ddpo, isTuned: true, StudyDefinition.DdpoHorizon) is { } other
            ? $" with {MarkdownText.Percent(own)} recognized there, DDPO's {MarkdownText.Percent(other)}"
            : string.Empty;

    private static string AsReleased(string arm) => arm == StudyDefinition.Released ? " as released" : string.Empty;

    private static string Times(double? factor) => factor is { } number ? $"{Text(number)}x" : "never";

    private static string Text(double number) => number.ToString("0.0", CultureInfo.InvariantCulture);

    /// <summary>By the factors of all seeds, of which one that never comes so far has none; where DDPO gains nothing on any task, nothing follows.</summary>
    private Verdict ByFactor(string[] tasks, double expected)
    {
        bool[][] reached = [.. tasks.Where(IsGained).Select(task => Recipes(task).SelectMany(arm => SpeedUp(task, arm)!.SeedRatios).Select(factor => factor >= expected).ToArray())];
        return reached.Length == 0 ? Verdict.NotClear
            : 2 * reached.Count(seeds => seeds.All(holds => holds)) > tasks.Length ? Verdict.Holds
            : reached.All(seeds => !seeds.Any(holds => holds)) ? Verdict.DoesNotHold : Verdict.NotClear;
    }

    private static Verdict BySigns(IReadOnlyList<Estimate> changes) =>
        changes.All(change => change.Interval is { Low: > 0 }) ? Verdict.Holds : changes.Any(change => change.Interval is { High: < 0 }) ? Verdict.DoesNotHold : Verdict.NotClear;

    private static Verdict OfAll(IEnumerable<bool> parts)
    {
        bool[] all = [.. parts];
        return all.All(holds => holds) ? Verdict.Holds : all.Any(holds => holds) ? Verdict.NotClear : Verdict.DoesNotHold;
    }
}
