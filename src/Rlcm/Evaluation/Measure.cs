namespace Rlcm.Evaluation;

/// <summary>What a measure is taken of.</summary>
public enum MeasureKind
{
    /// <summary>A picture: its score by a reward.</summary>
    Reward,

    /// <summary>A picture: a reward that is a share or a probability, in 0..1.</summary>
    Share,

    /// <summary>The pictures of a prompt: how much they differ from one another.</summary>
    Diversity,
}

/// <summary>Something that pictures are measured by.</summary>
/// <param name="Name">Its name, such as <c>compression</c> or <c>diversity-pixels</c>.</param>
/// <param name="Unit">The unit of its values.</param>
/// <param name="Kind">What it is taken of.</param>
public sealed record Measure(string Name, string Unit, MeasureKind Kind)
{
    /// <summary>The measure that a reward is.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="unit">Its unit, by which shares are known.</param>
    public static Measure OfReward(string name, string unit) => new(name, unit, unit is "share" or "probability" ? MeasureKind.Share : MeasureKind.Reward);

    /// <summary>Mean distance of two pictures of one prompt by their pixels, <see cref="PictureDiversity.MeanPairwiseDistance"/>.</summary>
    public static Measure PixelDiversity { get; } = new("diversity-pixels", "rms", MeasureKind.Diversity);

    /// <summary>Mean distance of two pictures of one prompt by a CLIP, <see cref="EmbeddingDiversity.MeanPairwiseDistance"/>.</summary>
    public static Measure ClipDiversity { get; } = new("diversity-clip", "1 - cosine", MeasureKind.Diversity);
}

/// <summary>A measure of the pictures that one model draws at one number of steps.</summary>
/// <param name="Measure">What was measured.</param>
/// <param name="ByPrompt">For each prompt the values of its pictures, seed by seed, or the one value of a diversity.</param>
public sealed record MeasuredValues(Measure Measure, IReadOnlyList<IReadOnlyList<double>> ByPrompt)
{
    /// <summary>
    /// The values that are independent of one another: the means of the prompts, or of a single prompt its pictures. Pictures of one prompt
    /// have the prompt in common, so that they say less of others than as many pictures of different prompts.
    /// </summary>
    public IReadOnlyList<double> Units => ByPrompt is [var only] ? only : [.. ByPrompt.Select(values => values.Average())];

    /// <summary>All values, in ascending order.</summary>
    internal double[] Sorted => [.. ByPrompt.SelectMany(values => values).Order()];
}
