using Rlcm.Datasets;
using Rlcm.Evaluation;
using Rlcm.Imaging;
using Rlcm.Runtime;

namespace Rlcm.Rewards;

/// <summary>
/// Whether the nearest picture of a gallery shows an animal that the prompt names: 1 or 0. It compares pixels and knows no model, so that it tells
/// whether a model that was tuned for a learnt reward still draws what it is asked for.
/// </summary>
/// <param name="recognizer">The search in the gallery.</param>
public sealed class RecognizedReward(Recognizer recognizer) : IReward
{
    /// <inheritdoc/>
    public string Name => "recognized";

    /// <inheritdoc/>
    public string Unit => "share";

    /// <inheritdoc/>
    /// <exception cref="UserErrorException">A prompt names none of the 45 animals, or the pictures are not of the gallery's size.</exception>
    public Task<float[]> ScoreAsync(ImageBatch images, IReadOnlyList<string> prompts, CancellationToken cancellationToken)
    {
        if (images.Height != Recognizer.PictureSize || images.Width != Recognizer.PictureSize)
            throw new UserErrorException($"The reward recognized: expected pictures of {Recognizer.PictureSize}x{Recognizer.PictureSize}, those of the gallery, found {images.Width}x{images.Height}; measure a model of that size.");
        string[][] named = [.. prompts.Select(AnimalsOf)];
        return Task.Run(
            () => recognizer.Recognize(images, cancellationToken).Zip(named, (nearest, animals) => animals.Contains(nearest.Entry.Shows) ? 1f : 0f).ToArray(),
            cancellationToken);
    }

    /// <summary>Refuses prompts that name no animal, before anything is drawn for them.</summary>
    /// <exception cref="UserErrorException">One does not.</exception>
    public static void Require(IEnumerable<string> prompts)
    {
        foreach (var prompt in prompts)
            AnimalsOf(prompt);
    }

    private static string[] AnimalsOf(string prompt)
    {
        string[] animals = [.. prompt.Split(' ', StringSplitOptions.RemoveEmptyEntries).Intersect(AnimalTable.Words, StringComparer.Ordinal)];
        return animals.Length > 0 ? animals : throw new UserErrorException($"The reward recognized: expected a prompt that names one of the 45 animals, found '{prompt}'; use others, such as those of configs/prompts/animal-activities-135.txt.");
    }
}
