using Rlcm.Cli.Reporting;
using Rlcm.Pretraining;
using Spectre.Console.Testing;
using Xunit;

namespace Rlcm.Cli.Tests.Reporting;

public sealed class StageReporterTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public void In_a_pipe_there_is_a_line_every_interval_and_at_the_end()
    {
        using var output = new StringWriter { NewLine = "\n" };
        using (var reporter = new StageReporter(new Terminal(output, output, Live: null), _time))
        {
            reporter.Report(Progress(step: 1, loss: 1));
            _time.Advance(ProgressLine.PlainInterval);
            reporter.Report(Progress(step: 2, loss: 3));
            reporter.Report(Progress(step: 3, loss: 5));
            reporter.Report(Progress(step: 4, loss: 7));
        }

        Assert.Equal(
            """
            vae step 2/4  images 128  loss 2.00000  lr 0.001  51.2 images/s  ETA 01:02:03
            vae step 4/4  images 256  loss 6.00000  lr 0.001  51.2 images/s  ETA 01:02:03

            """,
            output.ToString());
    }

    [Fact]
    public void In_a_terminal_one_line_is_drawn_again()
    {
        using var console = new TestConsole().Width(120).Interactive();
        using (var reporter = new StageReporter(new Terminal(TextWriter.Null, TextWriter.Null, console), _time))
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            reporter.Report(Progress(step: 1, loss: 1));
            _time.Advance(TimeSpan.FromSeconds(1));
            reporter.Report(Progress(step: 2, loss: 3));
        }

        Assert.Contains("vae step 1/4", console.Output, StringComparison.Ordinal);
        Assert.Contains("vae step 2/4", console.Output, StringComparison.Ordinal);
    }

    private static PretrainingProgress Progress(long step, double loss) =>
        new("vae", step, 4, step * 64, loss, 1e-3, 51.2, new TimeSpan(1, 2, 3), IsSaved: false);
}
