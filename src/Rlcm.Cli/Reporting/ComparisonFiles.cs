using System.Text;
using Rlcm.Cli.Plots;
using Rlcm.Comparison;
using Rlcm.Imaging;
using Rlcm.Runtime;

namespace Rlcm.Cli.Reporting;

/// <summary>The folder that a comparison of runs leaves: <c>curves.png</c> and <c>curves.csv</c>.</summary>
internal static class ComparisonFiles
{
    private const string Columns = "run,task,algorithm,seed,kind,update,queries,seconds,sampling_evaluations,training_evaluations,reward_mean,reward_std,images,recognized_share";

    /// <summary>Writes both or none.</summary>
    /// <exception cref="UserErrorException">The folder is there and holds something.</exception>
    public static void Write(string folder, IReadOnlyList<RunComparison> comparisons) => AtomicFolder.Write(folder, files =>
    {
        PngFile.Write(Path.Combine(files, "curves.png"), RewardCurves.Draw(comparisons));
        AtomicFile.Write(Path.Combine(files, "curves.csv"), stream => stream.Write(Encoding.UTF8.GetBytes(CsvTable(comparisons))));
    });

    private static string CsvTable(IReadOnlyList<RunComparison> comparisons)
    {
        var text = new StringBuilder(Columns).Append('\n');
        foreach (var curve in comparisons.SelectMany(comparison => comparison.Runs).OrderBy(run => run.Number).Select(run => run.Curve))
        {
            foreach (var (kind, points) in ((string, IReadOnlyList<CurvePoint>)[])[("evaluation", curve.Evaluations), ("training", curve.Training)])
            {
                foreach (var point in points)
                    text.AppendJoin(',', Cells(curve, kind, point)).Append('\n');
            }
        }

        return text.ToString();
    }

    private static IEnumerable<string> Cells(RunCurve curve, string kind, CurvePoint point) =>
    [
        Csv.Text(curve.Name), Csv.Text(curve.Task), Csv.Text(curve.Algorithm), $"{curve.Seed}", kind, Csv.Number((long)point.Update), Csv.Number(point.Queries), Csv.Number(point.Seconds),
        Csv.Number(point.SamplingEvaluations), Csv.Number(point.TrainingEvaluations), Csv.Number(point.RewardMean), Csv.Number(point.RewardStd), Csv.Number((long)point.Images),
        Csv.Number(point.RecognizedShare),
    ];
}
