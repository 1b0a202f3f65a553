using System.Globalization;
using Rlcm.Pretraining;

namespace Rlcm.Cli.Reporting;

/// <summary>Tells a person how a stage of pretraining is going: mean loss since the last line, rate and remaining time.</summary>
internal sealed class StageReporter(Terminal terminal, TimeProvider time) : IProgress<PretrainingProgress>, IDisposable
{
    private readonly ProgressLine _line = new(terminal, time);
    private double _lossSum;
    private int _lossCount;

    public void Report(PretrainingProgress value)
    {
        _lossSum += value.Loss;
        _lossCount++;
        if (!_line.IsDue && value.Step < value.Steps)
            return;
        _line.Show(Line(value, _lossSum / _lossCount));
        (_lossSum, _lossCount) = (0, 0);
    }

    public void Dispose() => _line.Dispose();

    private static string Line(PretrainingProgress value, double loss) => string.Create(
        CultureInfo.InvariantCulture,
        $"{value.Stage} step {value.Step}/{value.Steps}  images {value.Images}  loss {loss:0.00000}  lr {value.LearningRate:g3}  "
        + $"{value.ImagesPerSecond:0.0} images/s  ETA {TrainText.Duration(value.Remaining)}");
}
