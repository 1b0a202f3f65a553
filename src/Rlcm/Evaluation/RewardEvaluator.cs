using Rlcm.Imaging;
using Rlcm.Models.Clip;
using Rlcm.Rewards;
using static TorchSharp.torch;

namespace Rlcm.Evaluation;

/// <summary>How a model does by several rewards.</summary>
/// <param name="Values">Every reward, then the diversities where prompts have several pictures.</param>
/// <param name="Shown">The first picture of each of the first prompts.</param>
public sealed record EvaluatedRewards(IReadOnlyList<MeasuredValues> Values, ImageBatch Shown);

/// <summary>Measures pictures of fixed prompts and seeds by several rewards, and how much those of one prompt differ.</summary>
/// <param name="rewards">The rewards, of different names.</param>
/// <param name="clip">What tells how different pictures look; null: there is no such measure.</param>
/// <param name="prompts">The prompts, in order.</param>
/// <param name="samples">Pictures of each prompt.</param>
/// <param name="batchSize">Pictures that are drawn and scored at once, as far as whole prompts allow.</param>
public sealed class RewardEvaluator(IReadOnlyList<IReward> rewards, ClipFolder? clip, IReadOnlyList<string> prompts, int samples, int batchSize)
{
    private readonly int _promptsAtOnce = Math.Max(1, batchSize / samples);

    /// <summary>Pictures that are drawn in all.</summary>
    public int Pictures => prompts.Count * samples;

    /// <summary>Draws and measures all pictures; picture k of prompt p has the seed p * samples + k.</summary>
    /// <param name="generate">Draws with the model.</param>
    /// <param name="origin">What is measured, for messages, such as <c>the untuned model at 4 steps</c>.</param>
    /// <param name="shown">How many prompts' first pictures are kept.</param>
    /// <param name="progress">Told how many pictures are done.</param>
    /// <param name="stop">Stops between batches.</param>
    /// <exception cref="Runtime.UserErrorException">A reward fails.</exception>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public EvaluatedRewards Evaluate(PictureGenerator generate, string origin, int shown, IProgress<int> progress, CancellationToken stop)
    {
        var scores = rewards.Select(_ => new List<IReadOnlyList<double>>()).ToArray();
        var (pixels, looks) = (new List<IReadOnlyList<double>>(), new List<IReadOnlyList<double>>());
        var first = new List<ImageBatch>();
        foreach (var rows in Enumerable.Range(0, prompts.Count).Chunk(_promptsAtOnce))
        {
            stop.ThrowIfCancellationRequested();
            string[] texts = [.. rows.SelectMany(row => Enumerable.Repeat(prompts[row], samples))];
            var offset = rows[0] * samples;
            var images = generate(texts, [.. Enumerable.Range(offset, texts.Length).Select(seed => (long)seed)]);
            for (var r = 0; r < rewards.Count; r++)
                scores[r].AddRange(Score(rewards[r], images, texts, origin, offset, stop).Chunk(samples));
            if (samples > 1)
                Compare(images, pixels, looks);
            first.AddRange(rows.Where(row => row < shown).Select(row => Single(images, (row - rows[0]) * samples)));
            progress.Report((rows[^1] + 1) * samples);
        }

        return new([.. rewards.Select((reward, r) => new MeasuredValues(Measure.OfReward(reward.Name, reward.Unit), scores[r])), .. Diversities(pixels, looks)], ImageBatch.Concatenate(first));
    }

    private static double[] Score(IReward reward, ImageBatch images, string[] texts, string origin, int offset, CancellationToken stop) =>
        Array.ConvertAll(RewardGuard.ScoreAsync(reward, images, texts, origin, offset, stop).GetAwaiter().GetResult(), score => (double)score);

    /// <summary>Adds the diversities of each prompt's pictures.</summary>
    private void Compare(ImageBatch images, List<IReadOnlyList<double>> pixels, List<IReadOnlyList<double>> looks)
    {
        using var scope = NewDisposeScope();
        var embeddings = clip?.EmbedPictures(images); // [N, P]
        for (var start = 0; start < images.Count; start += samples)
        {
            pixels.Add([PictureDiversity.MeanPairwiseDistance(images, start, samples)]);
            if (embeddings is not null)
                looks.Add([EmbeddingDiversity.MeanPairwiseDistance(embeddings.slice(0, start, start + samples, 1))]);
        }
    }

    private static IEnumerable<MeasuredValues> Diversities(List<IReadOnlyList<double>> pixels, List<IReadOnlyList<double>> looks)
    {
        if (pixels.Count > 0)
            yield return new(Measure.PixelDiversity, pixels);
        if (looks.Count > 0)
            yield return new(Measure.ClipDiversity, looks);
    }

    private static ImageBatch Single(ImageBatch images, int index) => new(images[index].ToArray(), 1, images.Height, images.Width);
}
