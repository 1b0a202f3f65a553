namespace Rlcm.Pretraining;

/// <summary>How long and how fast a stage is trained.</summary>
public sealed record PretrainingSettings
{
    /// <summary>Pictures shown in all; an epoch is the number of training pictures.</summary>
    public required long Images { get; init; }

    /// <summary>Pictures per optimizer step.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>Peak learning rate of Adam.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Steps over which the learning rate rises linearly from zero.</summary>
    public long WarmupSteps { get; init; } = 200;

    /// <summary>Last part of all steps over which the learning rate falls linearly to zero (warm-up, stable, decay).</summary>
    public double DecayShare { get; init; } = 0.25;

    /// <summary>Decay of the exponential moving average; smaller at first: min(decay, (1 + n) / (10 + n)).</summary>
    public double EmaDecay { get; init; } = 0.999;

    /// <summary>Gradients are scaled down to this norm.</summary>
    public double MaxGradNorm { get; init; } = 1;

    /// <summary>Seed of everything random.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Further choices that a resumed run must have in common with the one it continues, by the option that sets them.</summary>
    public IReadOnlyDictionary<string, string> Choices { get; init; } = new Dictionary<string, string>();

    /// <summary>Hashes of what the stage reads, such as its dataset; a resumed run must have them in common, too.</summary>
    public IReadOnlyDictionary<string, string> Sha256 { get; init; } = new Dictionary<string, string>();

    /// <summary>Time between checkpoints.</summary>
    public TimeSpan CheckpointInterval { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Steps between sample pictures.</summary>
    public long SampleEvery { get; init; } = 1000;

    /// <summary>Optimizer steps in all.</summary>
    public long Steps => Math.Max(1, Images / BatchSize);

    /// <summary>The learning rate of step <paramref name="step"/> (0-based).</summary>
    public double LearningRateAt(long step)
    {
        var warmup = Math.Min(1.0, (step + 1.0) / Math.Max(1, WarmupSteps));
        var decaySteps = Math.Max(1, DecayShare * Steps);
        var decay = Math.Min(1.0, (Steps - step) / decaySteps);
        return LearningRate * Math.Min(warmup, decay);
    }
}
