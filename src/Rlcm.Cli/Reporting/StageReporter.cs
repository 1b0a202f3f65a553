using System.Diagnostics;
using Rlcm.Pretraining;

namespace Rlcm.Cli.Reporting;

/// <summary>One plain line every few seconds: mean loss since the last line, rate and remaining time.</summary>
internal sealed class StageReporter : IProgress<PretrainingProgress>, IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);
    private readonly Stopwatch _sinceLine = Stopwatch.StartNew();
    private double _lossSum;
    private int _lossCount;

    public void Report(PretrainingProgress value)
    {
        _lossSum += value.Loss;
        _lossCount++;
        if (_sinceLine.Elapsed < Interval && value.Step < value.Steps)
            return;
        Console.WriteLine(
            $"{value.Stage} step {value.Step}/{value.Steps}  images {value.Images}  loss {_lossSum / _lossCount:f5}  lr {value.LearningRate:g3}  "
            + $"{value.ImagesPerSecond:f1} images/s  ETA {value.Remaining:hh\\:mm\\:ss}");
        (_lossSum, _lossCount) = (0, 0);
        _sinceLine.Restart();
    }

    public void Dispose() => Console.Out.Flush();
}
