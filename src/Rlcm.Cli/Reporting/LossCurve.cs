using System.Text.Json;
using Rlcm.Pretraining;
using ScottPlot;

namespace Rlcm.Cli.Reporting;

/// <summary>Draws <c>loss.png</c> from a stage's <c>loss.jsonl</c>: means over a hundredth of all steps.</summary>
internal static class LossCurve
{
    private const int Points = 100;

    public static void Write(PretrainingFolder folder)
    {
        var losses = File.ReadLines(folder.LossPath)
            .Select(line => JsonDocument.Parse(line).RootElement)
            .Select(entry => (Step: entry.GetProperty("step").GetDouble(), Loss: entry.GetProperty("loss").GetDouble()))
            .ToArray();
        if (losses.Length == 0)
            return;
        var means = losses.Chunk(Math.Max(1, losses.Length / Points)).Select(part => (Step: part[^1].Step, Loss: part.Average(entry => entry.Loss))).ToArray();
        using var plot = new Plot();
        plot.Add.ScatterLine(means.Select(mean => mean.Step).ToArray(), means.Select(mean => mean.Loss).ToArray());
        plot.XLabel("step");
        plot.YLabel("loss");
        plot.SavePng(Path.Combine(folder.Path, "loss.png"), 800, 450);
    }
}
