using Rlcm.Cli.Fonts;
using Rlcm.Cli.Plots;
using Rlcm.Imaging;
using Rlcm.Pretraining;
using Rlcm.Tests;
using Rlcm.Training;
using Xunit;

namespace Rlcm.Cli.Tests.Plots;

public sealed class PlotTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_embedded_font_has_letters() => Assert.All("Aa0é…".EnumerateRunes(), rune => Assert.NotEqual(0, EmbeddedFont.Typeface.GetGlyph(rune.Value)));

    [Fact]
    public void The_reward_curve_has_its_size_and_its_title()
    {
        var titled = Draw("a title");
        Assert.Equal((450, 800), (titled.Height, titled.Width));
        Assert.NotEqual(Draw("another").Pixels, titled.Pixels);
        Assert.Equal(Draw("a title").Pixels, titled.Pixels);
    }

    [Fact]
    public void The_loss_curve_is_drawn_from_the_log_of_a_stage()
    {
        var folder = new PretrainingFolder(_folder["stage"]);
        File.WriteAllLines(folder.LossPath, ["{\"step\":1,\"loss\":2.0,\"learning_rate\":0.1}", "{\"step\":2,\"loss\":1.0,\"learning_rate\":0.1}"]);
        var curve = new LossCurve(folder);
        var progress = new PretrainingProgress("vae", 2, 4, 8, 1, 1e-3, 10, TimeSpan.Zero, IsSaved: false);
        curve.Report(progress);
        Assert.False(File.Exists(_folder["stage/loss.png"]));
        curve.Report(progress with { IsSaved = true });
        Assert.Equal((450, 800), (PngFile.Read(_folder["stage/loss.png"]).Height, PngFile.Read(_folder["stage/loss.png"]).Width));
    }

    private ImageBatch Draw(string title)
    {
        var updates = Enumerable.Range(1, 10).Select(u => new UpdateMetrics(u, 0, 0, u, 0, 0, 0, 0, 0, 0, 0, 0, 0)).ToArray();
        RewardCurve.Write(_folder["reward.png"], title, "kB", updates, [new EvaluationMetrics(5, 0, 0, 64, 5, 1, 0.9, 180, true)]);
        return PngFile.Read(_folder["reward.png"]);
    }
}
