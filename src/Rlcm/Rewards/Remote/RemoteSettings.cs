namespace Rlcm.Rewards.Remote;

/// <summary>How a reward server is asked.</summary>
/// <param name="Address">Where requests go.</param>
public sealed record RemoteSettings(Uri Address)
{
    /// <summary>How long one request may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How often a request is repeated that failed. Waits grow from a second and vary at random, so that clients do not return all at once.</summary>
    public int Retries { get; init; } = 5;

    /// <summary>Requests at the same time.</summary>
    public int Concurrency { get; init; } = 4;

    /// <summary>Pictures in a request.</summary>
    public int BatchSize { get; init; } = 16;

    /// <summary>The name of the environment variable that holds the server's key, sent as a bearer token. Keys are nowhere else: not in configurations, logs or checkpoints.</summary>
    public string? KeyVariable { get; init; }
}
