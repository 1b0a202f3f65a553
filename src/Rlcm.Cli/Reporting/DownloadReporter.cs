using System.Globalization;
using Rlcm.Models.Hub;

namespace Rlcm.Cli.Reporting;

/// <summary>Tells a person how the fetching of a model is going: file, gigabytes, rate and remaining time, and what goes wrong on the way.</summary>
internal sealed class DownloadReporter(Terminal terminal, TimeProvider time) : IProgress<HubProgress>, IDisposable
{
    private const double Megabyte = 1e6;
    private const double Gigabyte = 1e9;

    private readonly ProgressLine _line = new(terminal, time);
    private readonly long _start = time.GetTimestamp();
    private long? _first;

    public void Report(HubProgress value)
    {
        if (value.Trouble is { } trouble)
            _line.Show($"download: {trouble}");
        else if (_first is null || _line.IsDue || value.Bytes == value.Total)
            _line.Show(Line(value));
    }

    public void Dispose() => _line.Dispose();

    private string Line(HubProgress value)
    {
        var fetched = value.Bytes - (_first ??= value.Bytes); // the rest is of earlier runs
        var rate = fetched > 0 ? fetched / time.GetElapsedTime(_start).TotalSeconds : 0;
        var remaining = rate > 0 ? TrainText.Duration(TimeSpan.FromSeconds((value.Total - value.Bytes) / rate)) : "-";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"download {value.File}  {value.Bytes / Gigabyte:0.00}/{value.Total / Gigabyte:0.00} GB  {rate / Megabyte:0.0} MB/s  ETA {remaining}");
    }
}
