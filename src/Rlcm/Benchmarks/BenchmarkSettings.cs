using Rlcm.Models;

namespace Rlcm.Benchmarks;

/// <summary>What is measured, and how often.</summary>
/// <param name="Height">Of the pictures.</param>
/// <param name="Width">Of the pictures.</param>
/// <param name="Batch">Pictures at a time.</param>
/// <param name="Repeats">Timed runs, after one that is not.</param>
public sealed record BenchmarkSettings(int Height = 512, int Width = 512, int Batch = 1, int Repeats = 3)
{
    /// <summary>Where it runs.</summary>
    public ComputeTarget Target { get; init; } = ComputeTarget.Default;

    /// <summary>File of an LCM-LoRA below it, which makes a diffusion model one that can be updated; null for none.</summary>
    public string? LcmLora { get; init; }

    /// <summary>Whether the update computes activations again, as <see cref="Models.Unet.UNet2DConditionModel.GradientCheckpointing"/>; the U-Net alone is measured both ways.</summary>
    public bool GradientCheckpointing { get; init; } = true;

    /// <summary>H of the update.</summary>
    public int Horizon { get; init; } = 4;

    /// <summary>r of the adapters.</summary>
    public int LoraRank { get; init; } = 16;

    /// <summary>Rows and columns of the matrices whose product is the peak.</summary>
    public int MatrixSize { get; init; } = 2048;
}
