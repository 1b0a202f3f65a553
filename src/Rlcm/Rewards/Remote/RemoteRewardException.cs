namespace Rlcm.Rewards.Remote;

/// <summary>A reward server gave no usable answer this time; asking again may help.</summary>
/// <param name="message">What it did, the middle of a sentence whose subject is the server, such as <c>answered 503</c>.</param>
/// <param name="retryAfter">How long the server asks to wait; null where it does not.</param>
/// <param name="inner">What revealed it.</param>
internal sealed class RemoteRewardException(string message, TimeSpan? retryAfter = null, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>How long the server asks to wait; null where it does not.</summary>
    public TimeSpan? RetryAfter { get; } = retryAfter;
}
