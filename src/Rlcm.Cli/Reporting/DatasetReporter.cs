using System.Globalization;
using Rlcm.Datasets;

namespace Rlcm.Cli.Reporting;

/// <summary>Tells a person how the making of a dataset is going: pictures, rate and remaining time.</summary>
internal sealed class DatasetReporter(Terminal terminal, TimeProvider time) : IProgress<DatasetProgress>, IDisposable
{
    private readonly Lock _oneAtATime = new();
    private readonly long _start = time.GetTimestamp();
    private readonly ProgressLine _line = new(terminal, time);

    public void Report(DatasetProgress value)
    {
        lock (_oneAtATime)
        {
            if (_line.IsDue || value.Done == value.Of)
                _line.Show(Line(value, value.Done / time.GetElapsedTime(_start).TotalSeconds));
        }
    }

    public void Dispose() => _line.Dispose();

    private static string Line(DatasetProgress value, double rate) => string.Create(
        CultureInfo.InvariantCulture,
        $"pictures {value.Done}/{value.Of}  {rate:0.0} pictures/s  ETA {TrainText.Duration(TimeSpan.FromSeconds((value.Of - value.Done) / rate))}");
}
