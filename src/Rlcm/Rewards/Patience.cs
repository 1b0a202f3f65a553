namespace Rlcm.Rewards;

/// <summary>How scores that are on their way are waited for after a stop was asked for.</summary>
internal static class Patience
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>Cancels <paramref name="giveUp"/> some seconds after <paramref name="stop"/>, or after now where that was before; to be disposed before it.</summary>
    public static CancellationTokenRegistration CancelSoonAfter(this CancellationTokenSource giveUp, CancellationToken stop) =>
        stop.Register(() => giveUp.CancelAfter(Limit));
}
