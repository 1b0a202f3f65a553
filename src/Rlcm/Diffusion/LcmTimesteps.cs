using Rlcm.Runtime;

namespace Rlcm.Diffusion;

/// <summary>How the H sampling timesteps are picked from the origin steps that the model was distilled on.</summary>
public enum LcmGrid
{
    /// <summary>Every (origin / H)-th from the noisiest, as the code released with RLCM does: H=4 gives 999 759 519 279.</summary>
    Released,

    /// <summary>Evenly spaced indices rounded down, as diffusers does since 0.23: H=4 gives 999 759 499 259.</summary>
    Diffusers,
}

/// <summary>The timesteps of few-step consistency sampling.</summary>
public static class LcmTimesteps
{
    /// <summary>Origin steps of the published LCM models.</summary>
    public const int DefaultOriginSteps = 50;

    /// <summary>
    /// The <paramref name="horizon"/> timesteps, noisiest first. The origin steps are k T / originSteps - 1 for k = 1..originSteps.
    /// </summary>
    /// <exception cref="UserErrorException">The horizon or the origin steps are out of range.</exception>
    public static int[] Create(int horizon, LcmGrid grid, int originSteps = DefaultOriginSteps, int trainTimesteps = 1000)
    {
        if (originSteps < 1 || originSteps > trainTimesteps)
            throw new UserErrorException($"LCM timesteps: expected 1 to {trainTimesteps} origin steps, found {originSteps}; use the number that the model was distilled with (usually {DefaultOriginSteps}).");
        if (horizon < 1 || horizon > originSteps)
            throw new UserErrorException($"LCM timesteps: expected a horizon of 1 to {originSteps} steps (the origin steps), found {horizon}; choose a horizon in that range.");

        var spacing = trainTimesteps / originSteps;
        return [.. Enumerable.Range(0, horizon).Select(i => (originSteps - OriginIndex(i)) * spacing - 1)];

        int OriginIndex(int i) => grid switch
        {
            LcmGrid.Released => i * (originSteps / horizon),
            LcmGrid.Diffusers => (int)Math.Floor(i * ((double)originSteps / horizon)), // numpy's linspace without its end
            _ => throw new ArgumentOutOfRangeException(nameof(grid), grid, "Unknown grid."),
        };
    }
}
