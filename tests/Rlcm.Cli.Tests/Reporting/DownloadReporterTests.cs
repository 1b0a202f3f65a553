using Rlcm.Cli.Reporting;
using Rlcm.Models.Hub;
using Spectre.Console.Testing;
using Xunit;

namespace Rlcm.Cli.Tests.Reporting;

public sealed class DownloadReporterTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public void In_a_pipe_there_is_a_line_at_the_start_every_interval_at_trouble_and_at_the_end()
    {
        using var output = new StringWriter { NewLine = "\n" };
        using (var reporter = new DownloadReporter(new Terminal(output, output, Live: null), _time))
        {
            reporter.Report(new("unet/a.safetensors", 1_000_000_000, 4_000_000_000)); // of an earlier run
            _time.Advance(TimeSpan.FromSeconds(5));
            reporter.Report(new("unet/a.safetensors", 1_500_000_000, 4_000_000_000));
            reporter.Report(new("unet/a.safetensors", 1_500_000_000, 4_000_000_000, "https://hub answers HTTP 503; next try in 1 s"));
            _time.Advance(ProgressLine.PlainInterval);
            reporter.Report(new("unet/a.safetensors", 2_500_000_000, 4_000_000_000));
            _time.Advance(TimeSpan.FromSeconds(5));
            reporter.Report(new("vae/b.safetensors", 4_000_000_000, 4_000_000_000));
        }

        Assert.Equal(
            """
            download unet/a.safetensors  1.00/4.00 GB  0.0 MB/s  ETA -
            download: https://hub answers HTTP 503; next try in 1 s
            download unet/a.safetensors  2.50/4.00 GB  100.0 MB/s  ETA 00:00:15
            download vae/b.safetensors  4.00/4.00 GB  150.0 MB/s  ETA 00:00:00

            """,
            output.ToString());
    }

    [Fact]
    public void In_a_terminal_one_line_is_drawn_again()
    {
        using var console = new TestConsole().Width(120).Interactive();
        using (var reporter = new DownloadReporter(new Terminal(TextWriter.Null, TextWriter.Null, console), _time))
        {
            reporter.Report(new("a", 0, 2_000_000_000));
            _time.Advance(TimeSpan.FromSeconds(1));
            reporter.Report(new("a", 1_000_000_000, 2_000_000_000));
        }

        Assert.Contains("download a  0.00/2.00 GB", console.Output, StringComparison.Ordinal);
        Assert.Contains("download a  1.00/2.00 GB  1000.0 MB/s  ETA 00:00:01", console.Output, StringComparison.Ordinal);
    }
}
