using System.Diagnostics;
using Rlcm.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlcm.Benchmarks;

/// <summary>Times runs, with the peak of the machine measured between them and the peak of memory meanwhile.</summary>
internal sealed class BenchmarkClock : IDisposable
{
    private readonly BenchmarkSettings _settings;
    private readonly CancellationToken _stop;
    private readonly Lazy<SgemmPeak> _peak;

    public BenchmarkClock(BenchmarkSettings settings, CancellationToken stop)
    {
        (_settings, _stop) = (settings, stop);
        _peak = new(() => new(settings.MatrixSize, settings.Target.Device));
        NativeTorch.Tune();
    }

    private bool OnGpu => _settings.Target.Device.type == DeviceType.CUDA;

    /// <summary>Runs <paramref name="run"/>, which loads into the main memory, once.</summary>
    public static BenchmarkResult Load(string part, Action run)
    {
        StartMemory();
        var clock = Stopwatch.StartNew();
        run();
        return new(part, clock.Elapsed.TotalSeconds, PeakMemory.IsKnown ? PeakMemory.Bytes : null);
    }

    /// <summary>Runs <paramref name="run"/> once; on a GPU, where a first run is far slower than the next, once before.</summary>
    public BenchmarkResult Once(string part, double flops, Action run)
    {
        var peak = _peak.Value.Measure();
        StartMemory();
        if (OnGpu)
            Time(run);
        var seconds = Time(run);
        return new(part, seconds, Memory) { Flops = flops, Peak = peak };
    }

    /// <summary>Runs <paramref name="run"/> once to warm up and then as often as the settings say.</summary>
    public BenchmarkResult Repeatedly(string part, double flops, Action run)
    {
        StartMemory();
        Time(run);
        var (times, peaks) = (new List<double>(), new List<double>());
        for (var i = 0; i < _settings.Repeats; i++)
        {
            peaks.Add(_peak.Value.Measure());
            times.Add(Time(run));
        }

        return new(part, Median(times), Memory) { Flops = flops, Peak = Median(peaks) };
    }

    private static void StartMemory()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        NativeMemory.GiveBack();
        if (PeakMemory.IsKnown)
            PeakMemory.Reset();
    }

    private long? Memory => OnGpu ? GpuMemory.InUse(_settings.Target.Device.index) : PeakMemory.IsKnown ? PeakMemory.Bytes : null;

    private double Time(Action run)
    {
        _stop.ThrowIfCancellationRequested();
        using var scope = NewDisposeScope();
        var clock = Stopwatch.StartNew();
        run();
        if (OnGpu)
            cuda.synchronize(_settings.Target.Device);
        _stop.ThrowIfCancellationRequested(); // an update ends early then, and its time means nothing
        return clock.Elapsed.TotalSeconds;
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    public void Dispose()
    {
        if (_peak.IsValueCreated)
            _peak.Value.Dispose();
    }
}
