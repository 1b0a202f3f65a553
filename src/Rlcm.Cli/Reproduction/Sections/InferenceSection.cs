using Rlcm.Comparison;
using Rlcm.Evaluation;

namespace Rlcm.Cli.Reproduction.Sections;

/// <summary>Tuned and untuned models against sampling steps and against seconds.</summary>
internal static class InferenceSection
{
    /// <summary>The section, with its plots.</summary>
    public static string Write(ReportContext context)
    {
        var groups = context.Results.Inference.GroupBy(model => model.Task).ToArray();
        return groups.Length == 0 ? context.Missing(StudyPart.Main, StudyPart.Inference) : string.Join("\n\n", groups.Select(task => Write(context, task.Key, [.. task])));
    }

    private static string Write(ReportContext context, string task, IReadOnlyList<InferenceMeasures> models)
    {
        Series[] series = [.. models.GroupBy(model => (model.Algorithm, IsTuned: model.Seed is not null)).OrderByDescending(same => same.Key.Algorithm).Select(same => new Series(same.Key.Algorithm, same.Key.IsTuned, [.. same]))];
        var unit = models[0].Unit;
        string Plot(string measure, string axis, string x, string y, Func<InferencePoint, double> place, Func<InferencePoint, Estimate?> value) =>
            context.Plot($"{task}-{measure}-{axis}", $"{task}: {measure} against {axis}", path => StudyPlots.Doublings(
                path, task, x, y,
                [.. series.Select(one => new PlottedLine(one.IsTuned ? one.Name : $"{one.Name} (dashed)", one.Color, !one.IsTuned, [.. one.Points.Where(point => value(point) is not null).Select(point => (place(point), value(point)!.Value))])).Where(line => line.Points.Count > 0)]));
        IEnumerable<string> plots =
        [
            Plot("reward", "steps", "sampling steps", $"reward, {unit}", point => point.Steps, point => point.Reward),
            Plot("reward", "seconds", "seconds a picture", $"reward, {unit}", point => point.Seconds, point => point.Reward),
            .. series.SelectMany(one => one.Points).Any(point => point.Recognized is not null) ? (IEnumerable<string>)
            [
                Plot("recognized", "steps", "sampling steps", "recognized share", point => point.Steps, point => point.Recognized),
                Plot("recognized", "seconds", "seconds a picture", "recognized share", point => point.Seconds, point => point.Recognized),
            ] : [],
        ];
        var rows = series.SelectMany(one => one.Points.Select(point => (IReadOnlyList<string>)
        [
            one.Name, $"{point.Steps}", MarkdownText.Text(point.Reward), point.Recognized is { } share ? MarkdownText.Percent(share.Mean) : MarkdownText.Nothing, MarkdownText.Number(point.Seconds),
        ]));
        return $"### {task}\n\n{string.Join('\n', plots)}\n\n{MarkdownText.Table(["model", "steps", $"reward, {unit}", "recognized", "seconds a picture"], rows)}";
    }

    private sealed record InferencePoint(int Steps, double Seconds, Estimate Reward, Estimate? Recognized);

    private sealed class Series(string algorithm, bool isTuned, IReadOnlyList<InferenceMeasures> models)
    {
        public bool IsTuned => isTuned;

        public int Color => algorithm == StudyDefinition.Rlcm ? 0 : 1;

        public string Name => $"{ArmNames.Algorithm(algorithm)}, {(isTuned ? "tuned" : "untuned")}";

        /// <summary>Means over seeds; of a single model, with the interval over its prompts.</summary>
        public IReadOnlyList<InferencePoint> Points { get; } =
        [
            .. models.SelectMany(model => model.BySteps).GroupBy(step => step.Steps).OrderBy(same => same.Key).Select(same =>
            {
                StepMeasure[] steps = [.. same];
                double[] shares = [.. steps.Where(step => step.RecognizedShare is not null).Select(step => step.RecognizedShare!.Value)];
                return new InferencePoint(
                    same.Key, steps.Average(step => step.SecondsPerPicture),
                    steps is [var only] ? only.Reward : SeedMean.OfValues([.. steps.Select(step => step.Reward.Mean)]),
                    shares.Length == 0 ? null : OfShares(shares));
            }),
        ];

        /// <summary>An interval by Student's t knows nothing of 0 and 1, where shares end.</summary>
        private static Estimate OfShares(double[] shares)
        {
            var mean = SeedMean.OfValues(shares);
            return mean with { Interval = mean.Interval is { } interval ? new(Math.Max(0, interval.Low), Math.Min(1, interval.High)) : null };
        }
    }
}
