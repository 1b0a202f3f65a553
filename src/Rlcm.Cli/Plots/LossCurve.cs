using Rlcm.Pretraining;

namespace Rlcm.Cli.Plots;

/// <summary>Draws <c>loss.png</c> from a stage's <c>loss.jsonl</c>, means over a hundredth of all steps, after every checkpoint.</summary>
internal sealed class LossCurve(PretrainingFolder folder) : IProgress<PretrainingProgress>
{
    private const int Points = 100;

    public void Report(PretrainingProgress value)
    {
        if (value.IsSaved)
            Write(folder);
    }

    public static void Write(PretrainingFolder folder)
    {
        var losses = folder.Losses.Read().ToArray();
        if (losses.Length == 0)
            return;
        var means = losses.Chunk(Math.Max(1, losses.Length / Points)).Select(part => (Step: (double)part[^1].Step, Loss: part.Average(entry => entry.Loss))).ToArray();
        using var figure = new Figure(title: string.Empty, x: "step", y: "loss");
        figure.Plot.Add.ScatterLine(means.Select(mean => mean.Step).ToArray(), means.Select(mean => mean.Loss).ToArray());
        figure.Save(Path.Combine(folder.Path, "loss.png"));
    }
}
