namespace Rlcm.Models.Hub;

/// <summary>The Hub did not answer as it should, and may do so a little later.</summary>
/// <param name="message">What happened, as the end of a sentence that begins with the address.</param>
/// <param name="retryAfter">How long the server asks to wait, where it says so.</param>
/// <param name="cause">What revealed it.</param>
internal sealed class HubUnavailableException(string message, TimeSpan? retryAfter = null, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>How long the server asks to wait, where it says so.</summary>
    public TimeSpan? RetryAfter => retryAfter;
}
