using Rlcm.Training;
using ScottPlot;

namespace Rlcm.Cli.Plots;

/// <summary>Draws <c>reward.png</c>: the mean reward of every update, and of the evaluations.</summary>
internal static class RewardCurve
{
    /// <summary>Writes the curve.</summary>
    /// <param name="path">The PNG file.</param>
    /// <param name="title">Its title.</param>
    /// <param name="reward">Name of the reward, with its unit.</param>
    /// <param name="updates">At least one.</param>
    /// <param name="evaluations">May be empty.</param>
    public static void Write(string path, string title, string reward, IReadOnlyList<UpdateMetrics> updates, IReadOnlyList<EvaluationMetrics> evaluations)
    {
        using var figure = new Figure(title, "update", reward);
        var line = figure.Plot.Add.ScatterLine(updates.Select(entry => (double)entry.Update).ToArray(), updates.Select(entry => entry.RewardMean).ToArray());
        line.LegendText = "training pictures, mean of an update";
        if (evaluations.Count > 0)
        {
            var points = figure.Plot.Add.ScatterPoints(evaluations.Select(entry => (double)entry.Update).ToArray(), evaluations.Select(entry => entry.RewardMean).ToArray());
            points.LegendText = "evaluation pictures, mean";
            points.MarkerSize = 10;
        }

        figure.Plot.ShowLegend(Alignment.LowerRight);
        figure.Save(path);
    }
}
