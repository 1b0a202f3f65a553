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

    [Fact]
    public void A_dataset_is_reported_with_rate_and_remaining_time()
    {
        using var output = new StringWriter { NewLine = "\n" };
        using (var reporter = new DatasetReporter(new Terminal(output, output, Live: null), _time))
        {
            reporter.Report(new(Done: 1, Of: 100));
            _time.Advance(ProgressLine.PlainInterval);
            reporter.Report(new(Done: 40, Of: 100));
            reporter.Report(new(Done: 41, Of: 100));
            _time.Advance(TimeSpan.FromSeconds(1));
            reporter.Report(new(Done: 100, Of: 100));
        }

        Assert.Equal(
            """
            pictures 40/100  4.0 pictures/s  ETA 00:00:15
            pictures 100/100  9.1 pictures/s  ETA 00:00:00

            """,
            output.ToString());
    }

    private sealed class ManualTime : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Advance(TimeSpan time) => _ticks += time.Ticks;

        public override long GetTimestamp() => _ticks;
    }
}
