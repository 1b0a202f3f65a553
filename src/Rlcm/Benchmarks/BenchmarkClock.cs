using System.Diagnostics;
using Rlcm.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlcm.Benchmarks;

/// <summary>Times runs, with the peak of the machine measured between them and the peak of memory meanwhile.</summary>
internal sealed class BenchmarkClock : IDisposable
{
    private readonly BenchmarkSettings _settings;
    private readonly Lazy<SgemmPeak> _peak;

    public BenchmarkClock(BenchmarkSettings settings)
    {
        _settings = settings;
        _peak = new(() => new(settings.MatrixSize, settings.Target.Device));
        NativeTorch.Tune();
    }

    private bool OnGpu => _settings.Target.Device.type == DeviceType.CUDA;

    /// <summary>Runs <paramref name="run"/> once; what is computed on a GPU, where a first run is far slower than the next, once before.</summary>
    public BenchmarkResult Once(string part, Action run, double? flops = null)
    {
        var peak = flops is null ? (double?)null : _peak.Value.Measure();
        StartMemory();
        if (OnGpu && flops is not null)
            Time(run);
        var seconds = Time(run);
        return new(part, seconds, Memory(flops is null)) { Flops = flops, Peak = peak };
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

        return new(part, Median(times), Memory(ofProcess: false)) { Flops = flops, Peak = Median(peaks) };
    }

    private static void StartMemory()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        NativeMemory.GiveBack();
        if (PeakMemory.IsKnown)
            PeakMemory.Reset();
    }

    private long? Memory(bool ofProcess) => OnGpu && !ofProcess ? GpuMemory.InUse : PeakMemory.IsKnown ? PeakMemory.Bytes : null;

    private double Time(Action run)
    {
        using var scope = NewDisposeScope();
        var clock = Stopwatch.StartNew();
        run();
        if (OnGpu)
            cuda.synchronize();
        return clock.Elapsed.TotalSeconds;
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    public void Dispose()
    {
        if (_peak.IsValueCreated)
            _peak.Value.Dispose();
    }
}
