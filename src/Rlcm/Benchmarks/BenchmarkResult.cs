namespace Rlcm.Benchmarks;

/// <summary>One figure of the benchmark.</summary>
/// <param name="Part">What was run.</param>
/// <param name="Seconds">The median time of a run.</param>
/// <param name="PeakBytes">The most memory that the process, or the GPU where it runs on one, held meanwhile; null where the system does not tell.</param>
public sealed record BenchmarkResult(string Part, double Seconds, long? PeakBytes)
{
    /// <summary>Operations of the plain graph; null where nothing is computed.</summary>
    public double? Flops { get; init; }

    /// <summary>Operations a second of a product of large matrices, measured between the runs.</summary>
    public double? Peak { get; init; }

    /// <summary>Size of the weights that were loaded; null where none were.</summary>
    public long? LoadedBytes { get; init; }

    /// <summary>Operations a second.</summary>
    public double? Speed => Flops / Seconds;

    /// <summary>Speed as a share of the peak; above 1 where a convolution takes fewer operations than the plain graph has (Winograd).</summary>
    public double? Share => Speed / Peak;
}
