using System.Text.Json;
using Rlcm.Imaging;
using Rlcm.Runtime;
using SkiaSharp;

namespace Rlcm.Rewards.Remote;

/// <summary>
/// A reward that a server computes, in any language: pictures and prompts go there as JSON, one number for each picture comes back. The
/// protocol is <c>docs/reward-server.yaml</c> (OpenAPI), a server in Python <c>samples/reward_server.py</c>.
/// </summary>
public sealed class HttpReward : IProbedReward, IDisposable
{
    /// <summary>The version of the protocol.</summary>
    public const int Version = 1;

    private readonly RemoteClient _client;
    private readonly int _batchSize;

    /// <param name="settings">Where the server is and how it is asked.</param>
    /// <param name="time">Measures the waits between tries.</param>
    /// <param name="retried">Told where a request has to be repeated, once for each batch of pictures at most; null: nobody.</param>
    public HttpReward(RemoteSettings settings, TimeProvider time, IProgress<RewardRetry>? retried = null) =>
        (_client, _batchSize, Source) = (new(settings, time, retried), settings.BatchSize, $"the reward server {settings.Address}");

    /// <inheritdoc/>
    public string Name => "http";

    /// <inheritdoc/>
    public string Unit => "points";

    /// <inheritdoc/>
    public string Source { get; }

    /// <summary>Sends the pictures in batches, several at a time; scores keep the order of the pictures.</summary>
    /// <exception cref="UserErrorException">The server refuses, or gave no usable answer at any try.</exception>
    public async Task<float[]> ScoreAsync(ImageBatch images, IReadOnlyList<string> prompts, CancellationToken cancellationToken)
    {
        var batches = Enumerable.Range(0, images.Count).Chunk(_batchSize);
        return [.. (await _client.AskAllAsync(batches, rows => Request(images, prompts, rows), static (rows, answer) => Scores(answer, rows.Length), cancellationToken)).SelectMany(scores => scores)];
    }

    private static object Request(ImageBatch images, IReadOnlyList<string> prompts, int[] rows) => new
    {
        version = Version,
        prompts = Array.ConvertAll(rows, row => prompts[row]),
        images = Array.ConvertAll(rows, row => Convert.ToBase64String(Png(images, row))),
    };

    private static float[] Scores(JsonElement answer, int expected)
    {
        if (answer.ValueKind != JsonValueKind.Object || !answer.TryGetProperty("version", out _) || !answer.TryGetProperty("scores", out _))
            throw new RemoteRewardException("answered something else than expected (no object with version and scores)");
        if (answer.GetProperty("version").GetInt32() is var version && version != Version)
            throw new RemoteRewardException($"speaks version {version} of the protocol, expected {Version}");
        float[] scores = [.. answer.GetProperty("scores").EnumerateArray().Select(score => score.GetSingle())];
        if (scores.Length != expected)
            throw new RemoteRewardException($"answered {scores.Length} scores for {expected} pictures");
        return scores.All(float.IsFinite) ? scores : throw new RemoteRewardException("answered a score that is not finite");
    }

    private static byte[] Png(ImageBatch images, int row)
    {
        using var bitmap = SkiaPixels.ToBitmap(images, row);
        using var data = bitmap.Encode(SKEncodedImageFormat.Png, quality: 100);
        return data.ToArray();
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();
}
