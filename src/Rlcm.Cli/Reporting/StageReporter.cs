using System.Globalization;
using Rlcm.Pretraining;
using Spectre.Console;

namespace Rlcm.Cli.Reporting;

/// <summary>
/// Tells a person how a long stage is going: mean loss since the last report, rate and remaining time. In a terminal one line that is drawn
/// again, elsewhere a line every <see cref="PlainInterval"/>.
/// </summary>
internal sealed class StageReporter(Terminal terminal, TimeProvider time) : IProgress<PretrainingProgress>, IDisposable
{
    /// <summary>Time between plain lines.</summary>
    public static readonly TimeSpan PlainInterval = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan LiveInterval = TimeSpan.FromSeconds(0.5);

    private readonly TimeSpan _interval = terminal.Live is null ? PlainInterval : LiveInterval;
    private long _lastReport = time.GetTimestamp();
    private LiveView? _view;
    private double _lossSum;
    private int _lossCount;

    public void Report(PretrainingProgress value)
    {
        _lossSum += value.Loss;
        _lossCount++;
        if (time.GetElapsedTime(_lastReport) < _interval && value.Step < value.Steps)
            return;
        Show(Line(value, _lossSum / _lossCount));
        (_lossSum, _lossCount) = (0, 0);
        _lastReport = time.GetTimestamp();
    }

    public void Dispose()
    {
        _view?.Dispose();
        terminal.Output.Flush();
    }

    private static string Line(PretrainingProgress value, double loss) => string.Create(
        CultureInfo.InvariantCulture,
        $"{value.Stage} step {value.Step}/{value.Steps}  images {value.Images}  loss {loss:0.00000}  lr {value.LearningRate:g3}  "
        + $"{value.ImagesPerSecond:0.0} images/s  ETA {TrainText.Duration(value.Remaining)}");

    private void Show(string line)
    {
        if (terminal.Live is not { } console)
            terminal.Output.WriteLine(line);
        else if (_view is null)
            _view = new LiveView(console, new Text(line));
        else
            _view.Show(new Text(line));
    }
}
