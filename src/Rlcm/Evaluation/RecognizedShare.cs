using Rlcm.Datasets;
using Rlcm.Imaging;

namespace Rlcm.Evaluation;

/// <summary>Draws one picture for each pair of prompt and seed of the same index, [N, 64, 64, 3].</summary>
public delegate ImageBatch PictureGenerator(IReadOnlyList<string> prompts, IReadOnlyList<long> seeds);

/// <summary>One drawn picture and what it was recognized as.</summary>
/// <param name="Prompt">What was asked for.</param>
/// <param name="Seed">The seed it was drawn with.</param>
/// <param name="Nearest">The nearest picture of the gallery.</param>
public sealed record RecognizedSample(AnimalPrompt Prompt, long Seed, Recognition Nearest)
{
    /// <summary>True when the nearest picture shows the animal asked for, in whatever style.</summary>
    public bool IsRecognized => Nearest.Entry.Shows == Prompt.Word;
}

/// <summary>The quality measure of the embedded model: how many of its pictures show the animal asked for.</summary>
/// <param name="Samples">All pictures, seeds of one prompt side by side.</param>
/// <param name="Diversity">Mean pairwise distance of the pictures of one prompt, averaged over the prompts, 0..1; null where each was drawn once.</param>
public sealed record RecognizedShare(IReadOnlyList<RecognizedSample> Samples, double? Diversity)
{
    /// <summary>Number of seeds of the standard measure.</summary>
    public const int DefaultSeeds = 4;

    /// <summary>Recognized pictures over all pictures, 0..1.</summary>
    public double Share => ShareOf(Samples);

    /// <summary>The share of each animal.</summary>
    public IReadOnlyDictionary<string, double> ByAnimal => Samples.GroupBy(sample => sample.Prompt.Word).ToDictionary(group => group.Key, ShareOf);

    /// <summary>
    /// Draws animals with <paramref name="seeds"/> seeds (0, 1, ...) each and recognizes the pictures: 45 animals x 4 styles x 4 seeds = 720 by
    /// default.
    /// </summary>
    /// <param name="recognizer">The search in the model's gallery.</param>
    /// <param name="generate">Draws the pictures; asked once for all of them.</param>
    /// <param name="seeds">Pictures of each prompt.</param>
    /// <param name="prompts">What to draw; all 45 animals in every style by default.</param>
    /// <param name="cancellationToken">Stops the search.</param>
    public static RecognizedShare Compute(
        Recognizer recognizer, PictureGenerator generate, int seeds = DefaultSeeds, IReadOnlyList<AnimalPrompt>? prompts = null, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(seeds, 1);
        (AnimalPrompt Prompt, long Seed)[] asked =
        [
            .. from prompt in prompts ?? AnimalPrompt.Styled(AnimalTable.Words)
               from seed in Enumerable.Range(0, seeds)
               select (prompt, (long)seed),
        ];
        var images = generate([.. asked.Select(sample => sample.Prompt.Text)], [.. asked.Select(sample => sample.Seed)]);
        var samples = recognizer.Recognize(images, cancellationToken).Zip(asked, (nearest, sample) => new RecognizedSample(sample.Prompt, sample.Seed, nearest));
        double? diversity = seeds == 1 ? null : Enumerable.Range(0, asked.Length / seeds).Average(prompt => PictureDiversity.MeanPairwiseDistance(images, prompt * seeds, seeds));
        return new RecognizedShare([.. samples], diversity);
    }

    private static double ShareOf(IEnumerable<RecognizedSample> samples) => samples.Average(sample => sample.IsRecognized ? 1.0 : 0.0);
}
