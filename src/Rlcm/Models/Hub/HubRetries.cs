using System.Globalization;
using Polly;
using Polly.Retry;
using Rlcm.Runtime;

namespace Rlcm.Models.Hub;

/// <summary>Tries again while the Hub cannot be reached, with growing waits.</summary>
/// <param name="hub">Address of the Hub, for messages.</param>
/// <param name="time">The clock.</param>
internal sealed class HubRetries(string hub, TimeProvider time)
{
    private const int MostRetries = 5; // waits of 1, 2, 4, 8 and 16 seconds

    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(5); // the Hub counts requests in windows of this length

    /// <summary>Runs <paramref name="attempt"/> until it does not throw <see cref="HubUnavailableException"/>.</summary>
    /// <param name="attempt">What to do.</param>
    /// <param name="tell">Told of every wait.</param>
    /// <param name="stop">Ends it, waits too.</param>
    /// <exception cref="UserErrorException">Several attempts in a row failed, or the server asks to wait for too long.</exception>
    public async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> attempt, Action<string> tell, CancellationToken stop)
    {
        var pipeline = new ResiliencePipelineBuilder { TimeProvider = time }.AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = new PredicateBuilder().Handle<HubUnavailableException>(error => error.RetryAfter is null || error.RetryAfter <= LongestWait),
            MaxRetryAttempts = MostRetries,
            BackoffType = DelayBackoffType.Exponential,
            Delay = FirstWait,
            DelayGenerator = static retry => new((retry.Outcome.Exception as HubUnavailableException)?.RetryAfter),
            OnRetry = retry =>
            {
                tell(string.Create(CultureInfo.InvariantCulture, $"{hub} {retry.Outcome.Exception!.Message}; next try in {retry.RetryDelay.TotalSeconds:0.#} s"));
                return default;
            },
        }).Build();
        try
        {
            return await pipeline.ExecuteAsync(async token => await attempt(token), stop);
        }
        catch (HubUnavailableException error)
        {
            var advice = error.RetryAfter is { } wait ? string.Create(CultureInfo.InvariantCulture, $" and asks to wait for {wait.TotalSeconds:0} seconds") : "";
            throw new UserErrorException($"{hub} {error.Message}{advice}; check the connection and start again later: what has arrived is kept.", error);
        }
    }
}
