using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Polly;
using Polly.Retry;
using Rlcm.Runtime;

namespace Rlcm.Rewards.Remote;

/// <summary>Sends JSON to a reward server, a few requests at a time, and again where it fails: no fault of a network becomes a score.</summary>
internal sealed class RemoteClient : IDisposable
{
    private const int LargestAnswer = 1 << 24;

    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(2);

    private static readonly ResiliencePropertyKey<Action<RemoteRewardException, TimeSpan>> Tell = new("tell");

    private readonly RemoteSettings _settings;
    private readonly HttpClient _http;
    private readonly SemaphoreSlim _places;
    private readonly ResiliencePipeline _retries;
    private readonly TimeProvider _time;
    private readonly IProgress<RewardRetry>? _retried;

    /// <param name="settings">How to ask.</param>
    /// <param name="time">Measures the waits between tries.</param>
    /// <param name="retried">Told where a request has to be repeated, once for each batch of pictures at most; null: nobody.</param>
    /// <exception cref="UserErrorException">The key cannot be sent.</exception>
    public RemoteClient(RemoteSettings settings, TimeProvider time, IProgress<RewardRetry>? retried)
    {
        (_settings, _time, _retried) = (settings, time, retried);
        _places = new(settings.Concurrency);
        _http = new(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(5) }) { Timeout = Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = LargestAnswer };
        if (settings.KeyVariable is { } variable && Environment.GetEnvironmentVariable(variable)?.Trim() is { Length: > 0 } key)
        {
            if (key.Any(letter => letter is <= ' ' or > '~'))
                throw new UserErrorException($"{variable}: expected a key of visible ASCII characters, found others in it; set it anew.");
            _http.DefaultRequestHeaders.Authorization = new("Bearer", key);
        }

        _retries = new ResiliencePipelineBuilder { TimeProvider = time }.AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = new PredicateBuilder().Handle<RemoteRewardException>(error => error.RetryAfter is null || error.RetryAfter <= LongestWait),
            MaxRetryAttempts = settings.Retries,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = FirstWait,
            MaxDelay = LongestWait,
            DelayGenerator = static retry => new((retry.Outcome.Exception as RemoteRewardException)?.RetryAfter),
            OnRetry = static retry =>
            {
                retry.Context.Properties.GetValue(Tell, static (_, _) => { })((RemoteRewardException)retry.Outcome.Exception!, retry.RetryDelay);
                return default;
            },
        }).Build();
    }

    /// <summary>Asks for every one of <paramref name="parts"/>, several at a time; answers keep their order. Where one fails, the others are given up.</summary>
    /// <param name="parts">What to ask for.</param>
    /// <param name="request">The JSON of a part's body, made when it is sent.</param>
    /// <param name="read">Reads the answer to a part; throws <see cref="RemoteRewardException"/> where it is none.</param>
    /// <param name="stop">Ends it, waits too.</param>
    /// <exception cref="UserErrorException">The server refuses a request, or gave no usable answer at any try.</exception>
    public async Task<T[]> AskAllAsync<TPart, T>(IEnumerable<TPart> parts, Func<TPart, object> request, Func<TPart, JsonElement, T> read, CancellationToken stop)
    {
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var retries = 0;
        return await Task.WhenAll(parts.Select(async part =>
        {
            try
            {
                return await AskAsync(() => request(part), answer => read(part, answer), Tell, giveUp.Token);
            }
            catch
            {
                await giveUp.CancelAsync(); // the others are of no use
                throw;
            }
        }));

        void Tell(RemoteRewardException error, TimeSpan wait)
        {
            if (Interlocked.Increment(ref retries) == 1)
                _retried?.Report(new(ReadableText.OneLine(string.Create(CultureInfo.InvariantCulture, $"The reward server {_settings.Address} {error.Message}; it is asked again in {wait.TotalSeconds:0.#} s."))));
        }
    }

    private async Task<T> AskAsync<T>(Func<object> request, Func<JsonElement, T> read, Action<RemoteRewardException, TimeSpan> tell, CancellationToken stop)
    {
        await _places.WaitAsync(stop);
        var context = ResilienceContextPool.Shared.Get(stop);
        context.Properties.Set(Tell, tell);
        var tries = 0;
        try
        {
            var body = request();
            return await _retries.ExecuteAsync(async running =>
            {
                tries++;
                return await TryAsync(body, read, running.CancellationToken);
            }, context);
        }
        catch (RemoteRewardException error)
        {
            var advice = error.RetryAfter is { } wait ? string.Create(CultureInfo.InvariantCulture, $" and asks to wait for {wait.TotalSeconds:0} seconds") : "";
            throw new UserErrorException(ReadableText.OneLine($"The reward server {_settings.Address} {error.Message}{advice}, {(tries == 1 ? "at the first try" : $"the last of {tries} tries")}; see that it works, then start or continue the run."), error);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
            _places.Release();
        }
    }

    private async Task<T> TryAsync<T>(object request, Func<JsonElement, T> read, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(_settings.Timeout);
        try
        {
            using var content = JsonContent.Create(request);
            await content.LoadIntoBufferAsync(limit.Token); // with its length, for servers that know no chunks
            using var response = await _http.PostAsync(_settings.Address, content, limit.Token);
            if (!response.IsSuccessStatusCode)
                throw await RefusalAsync(response, limit.Token);
            using var answer = StrictJson.Parse(await response.Content.ReadAsByteArrayAsync(limit.Token));
            return read(answer.RootElement);
        }
        catch (OperationCanceledException error) when (!stop.IsCancellationRequested)
        {
            throw new RemoteRewardException(string.Create(CultureInfo.InvariantCulture, $"did not answer within {_settings.Timeout.TotalSeconds:0.#} s"), inner: error);
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            throw new RemoteRewardException($"cannot be reached ({error.Message.TrimEnd('.')})", inner: error);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new RemoteRewardException($"answered something else than expected ({JsonMistake.Describe(error)})", inner: error);
        }
    }

    /// <summary>What an answer of failure is: to be repeated, or final.</summary>
    private async Task<Exception> RefusalAsync(HttpResponseMessage response, CancellationToken stop)
    {
        var text = await response.Content.ReadAsStringAsync(stop);
        var said = $"answered {(int)response.StatusCode}{(text.Length > 0 ? $" ('{ReadableText.Quote(text)}')" : "")}";
        if (response.StatusCode is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests || (int)response.StatusCode >= 500)
            return new RemoteRewardException(said, After(response.Headers.RetryAfter));
        var advice = response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden
            ? $"put its key into the environment variable {_settings.KeyVariable ?? "that the configuration names"}"
            : "check its address and that it speaks this protocol";
        return new UserErrorException(ReadableText.OneLine($"The reward server {_settings.Address} {said}; {advice}."));
    }

    private TimeSpan? After(RetryConditionHeaderValue? header) => header?.Delta ?? (header?.Date is { } date && date > _time.GetUtcNow() ? date - _time.GetUtcNow() : null);

    /// <inheritdoc/>
    public void Dispose()
    {
        _http.Dispose();
        _places.Dispose();
    }
}
