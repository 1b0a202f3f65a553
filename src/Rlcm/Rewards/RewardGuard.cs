using Rlcm.Imaging;
using Rlcm.Runtime;

namespace Rlcm.Rewards;

/// <summary>The border between the training and a reward, whoever wrote it: only one finite number per picture passes.</summary>
public static class RewardGuard
{
    /// <summary>[N] finite scores of <paramref name="reward"/>, or an error that names the reward, the picture and its prompt.</summary>
    /// <param name="reward">The reward to ask.</param>
    /// <param name="images">N pictures.</param>
    /// <param name="prompts">[N], the prompt of each.</param>
    /// <param name="origin">Where the pictures come from, for messages, such as <c>update 12</c>.</param>
    /// <param name="offset">Index of the first picture among all of that origin, for messages.</param>
    /// <param name="cancellationToken">Passed on to the reward.</param>
    /// <exception cref="ArgumentException">The numbers of pictures and prompts differ.</exception>
    /// <exception cref="UserErrorException">The reward threw, or returned a wrong number of scores or one that is not finite.</exception>
    public static async Task<float[]> ScoreAsync(
        IReward reward, ImageBatch images, IReadOnlyList<string> prompts, string origin, int offset, CancellationToken cancellationToken)
    {
        if (images.Count != prompts.Count)
            throw new ArgumentException($"Expected a prompt for each of {images.Count} images, found {prompts.Count}.", nameof(prompts));

        var scores = await AskAsync(reward, images, prompts, origin, cancellationToken);
        if (scores is null || scores.Length != images.Count)
            throw new UserErrorException($"Reward '{reward.Name}' returned {scores?.Length ?? 0} scores for {images.Count} images in {origin}; it must return one for each image, in order.");

        var bad = Array.FindIndex(scores, score => !float.IsFinite(score));
        if (bad >= 0)
            throw new UserErrorException($"Reward '{reward.Name}' returned {scores[bad]} for image {offset + bad} of {origin}, prompt '{prompts[bad]}'; a score must be a finite number: correct the reward.");
        return scores;
    }

    private static async Task<float[]?> AskAsync(
        IReward reward, ImageBatch images, IReadOnlyList<string> prompts, string origin, CancellationToken cancellationToken)
    {
        try
        {
            return await reward.ScoreAsync(images, prompts, cancellationToken);
        }
        catch (Exception error) when (error is not UserErrorException && !(error is OperationCanceledException && cancellationToken.IsCancellationRequested))
        {
            var range = prompts.Count == 0 ? "no prompts" : $"prompts '{prompts[0]}' to '{prompts[^1]}'";
            throw new UserErrorException(
                $"Reward '{reward.Name}' failed on {images.Count} images of {origin} ({range}): {error.GetType().Name}, {OneLine(error.Message)} Correct the reward or what it depends on.", error);
        }
    }

    private static string OneLine(string message)
    {
        var line = message.ReplaceLineEndings(" ").Trim();
        return line.EndsWith('.') ? line : line + ".";
    }
}
