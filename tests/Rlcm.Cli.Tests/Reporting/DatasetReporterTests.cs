using Rlcm.Cli.Reporting;
using Xunit;

namespace Rlcm.Cli.Tests.Reporting;

public sealed class DatasetReporterTests
{
    private readonly ManualTime _time = new();

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
}
