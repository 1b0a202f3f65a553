namespace Rlcm.Training;

/// <summary>Steers the weight of the divergence from the base model towards a target (Ziegler et al. 2019, section 2.2).</summary>
public static class AdaptiveKl
{
    private const double Gain = 0.1; // K_beta of the source
    private const double LargestError = 0.2;

    /// <summary>The next weight, beta (1 + K clip(KL / target - 1, -0.2, 0.2)): it changes by at most 2 % in an update.</summary>
    /// <param name="coefficient">beta, the weight until now.</param>
    /// <param name="divergence">KL of the update that was made with it.</param>
    /// <param name="target">The divergence that is wanted; positive.</param>
    public static double Next(double coefficient, double divergence, double target) =>
        coefficient * (1 + Gain * Math.Clamp(divergence / target - 1, -LargestError, LargestError));
}
