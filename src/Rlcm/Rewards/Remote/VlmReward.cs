using System.Security.Cryptography;
using System.Text.Json;
using Rlcm.Imaging;
using Rlcm.Rewards.Alignment;
using Rlcm.Runtime;

namespace Rlcm.Rewards.Remote;

/// <summary>
/// Prompt-image alignment as DDPO (Black et al. 2023, section 5.3) and RLCM have it: a vision-language model on a server says what a picture
/// shows, and the reward is the BERTScore recall of "The image contains {prompt}", the reference, in its answer, the candidate.
/// </summary>
/// <remarks>Source: <c>llava_bertscore</c> of ddpo-pytorch's rewards.py and LLaVA-server's bertscore.py, there with LLaVA 13B and DeBERTa-xlarge-mnli.</remarks>
public sealed class VlmReward : IProbedReward, IDisposable
{
    /// <summary>What is asked about every picture.</summary>
    public const string Question = "Answer concisely: what is going on in this image?";

    private const int JpegQuality = 80;
    private const int MostAnswers = 1 << 14;

    private readonly RemoteClient _client;
    private readonly string? _model;
    private readonly BertScorer _scorer;
    private readonly AnswerCache _answers = new(MostAnswers);

    /// <param name="settings">Where the server is (as <see cref="VisionChat.Address"/>) and how it is asked; a request has one picture.</param>
    /// <param name="model">The model's name at the server; null: whichever it has.</param>
    /// <param name="scorer">Compares the texts; disposed with this.</param>
    /// <param name="time">Measures the waits between tries.</param>
    /// <param name="retried">Told where a request has to be repeated, once for each batch of pictures at most; null: nobody.</param>
    public VlmReward(RemoteSettings settings, string? model, BertScorer scorer, TimeProvider time, IProgress<RewardRetry>? retried = null)
    {
        var address = VisionChat.Address(settings.Address);
        _client = new(settings with { Address = address }, time, retried);
        (_model, _scorer, Source) = (model, scorer, $"the reward server {address}");
    }

    /// <inheritdoc/>
    public string Name => "vlm-bertscore";

    /// <inheritdoc/>
    public string Unit => "recall";

    /// <inheritdoc/>
    public string Source { get; }

    /// <summary>Asks about every picture that was not asked about before, several at a time; scores keep the order of the pictures.</summary>
    /// <exception cref="UserErrorException">The server refuses, or gave no usable answer at any try.</exception>
    public async Task<float[]> ScoreAsync(ImageBatch images, IReadOnlyList<string> prompts, CancellationToken cancellationToken)
    {
        var pictures = await Task.Run(() => Pictures(images), cancellationToken);
        var known = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var hash in pictures.Select(picture => picture.Hash))
        {
            if (_answers.Find(hash) is { } answer)
                known[hash] = answer;
        }

        var asked = pictures.DistinctBy(picture => picture.Hash).Where(picture => !known.ContainsKey(picture.Hash));
        foreach (var (hash, answer) in await _client.AskAllAsync(asked, picture => VisionChat.Request(_model, picture.Jpeg, Question), Read, cancellationToken))
            known[hash] = answer;
        return await Task.Run(() => pictures.Zip(prompts, (picture, prompt) => Recall(known[picture.Hash], prompt, cancellationToken)).ToArray(), cancellationToken);
    }

    private static (string Hash, byte[] Jpeg)[] Pictures(ImageBatch images) => [.. Enumerable.Range(0, images.Count).Select(n =>
    {
        var jpeg = JpegFile.Encode(images[n], images.Height, images.Width, JpegQuality);
        return (Convert.ToHexStringLower(SHA256.HashData(jpeg)), jpeg);
    })];

    private (string Hash, string Answer) Read((string Hash, byte[] Jpeg) picture, JsonElement answer)
    {
        var text = VisionChat.Read(answer);
        if (_scorer.IsEmpty(text))
            throw new RemoteRewardException($"answered a text without words ('{ReadableText.Quote(text)}')");
        _answers.Add(picture.Hash, text); // also where another picture of the batch fails
        return (picture.Hash, text);
    }

    private float Recall(string answer, string prompt, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        return (float)_scorer.Score(candidate: answer, reference: $"The image contains {prompt}").Recall;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _client.Dispose();
        _scorer.Dispose();
    }
}
