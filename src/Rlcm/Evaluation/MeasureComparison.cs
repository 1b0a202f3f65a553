namespace Rlcm.Evaluation;

/// <summary>One line of a table: a measure of one model at one number of steps.</summary>
/// <param name="Model">What the model is called.</param>
/// <param name="Steps">Steps per picture.</param>
/// <param name="Measure">The measure.</param>
/// <param name="Value">Its mean over prompts.</param>
/// <param name="Change">Mean difference from the untuned model's pictures of the same prompts, seeds and steps; null: it is the untuned model.</param>
/// <param name="IsCollapsed">Whether it fell so far that the pictures are not what they were, see <see cref="MeasureComparison.IsCollapsed"/>.</param>
public sealed record ComparedMeasure(string Model, int Steps, Measure Measure, Estimate Value, Estimate? Change, bool IsCollapsed);

/// <summary>Compares measures of a tuned model with those of the untuned one.</summary>
public static class MeasureComparison
{
    private const double LostHalf = 0.5;
    private const double WorstPictures = 0.1;

    /// <summary>The untuned model's own line.</summary>
    public static ComparedMeasure OfUntuned(string model, int steps, MeasuredValues values) =>
        new(model, steps, values.Measure, Bootstrap.Mean(values.Units), Change: null, IsCollapsed: false);

    /// <summary>The line of a tuned model.</summary>
    /// <param name="model">What it is called.</param>
    /// <param name="steps">Steps per picture.</param>
    /// <param name="tuned">Its values.</param>
    /// <param name="untuned">Those of the untuned model for the same prompts and seeds.</param>
    public static ComparedMeasure Of(string model, int steps, MeasuredValues tuned, MeasuredValues untuned)
    {
        var change = Change(tuned, untuned);
        return new(model, steps, tuned.Measure, Bootstrap.Mean(tuned.Units), change, IsCollapsed(tuned, untuned, change));
    }

    /// <summary>
    /// The mean of the differences between pictures of the same prompt and seed, and its interval. What prompts and seeds do to both models
    /// falls out, so that it is narrower than the intervals of the two means let expect.
    /// </summary>
    /// <exception cref="ArgumentException">The values are of different prompts or numbers of pictures.</exception>
    public static Estimate Change(MeasuredValues tuned, MeasuredValues untuned)
    {
        if (tuned.ByPrompt.Count != untuned.ByPrompt.Count || tuned.ByPrompt.Zip(untuned.ByPrompt).Any(pair => pair.First.Count != pair.Second.Count))
            throw new ArgumentException("Expected values of the same prompts and seeds.", nameof(untuned));
        return Bootstrap.Mean([.. tuned.Units.Zip(untuned.Units, (after, before) => after - before)]);
    }

    /// <summary>
    /// Whether a measure collapsed. A diversity: it fell by more than half. A share or probability: the same, by more than chance. Another
    /// reward, of which nobody knows what is half: its mean is below the lowest decile of the untuned pictures, so that an average picture is
    /// worse than nine of ten were, and it fell by more than chance.
    /// </summary>
    /// <param name="tuned">Values of the tuned model.</param>
    /// <param name="untuned">Values of the untuned model.</param>
    /// <param name="change">Their <see cref="Change"/>.</param>
    public static bool IsCollapsed(MeasuredValues tuned, MeasuredValues untuned, Estimate change)
    {
        var isBeyondChance = change.Interval is null or { High: < 0 };
        var lostHalf = tuned.Units.Average() < LostHalf * untuned.Units.Average();
        return tuned.Measure.Kind switch
        {
            MeasureKind.Diversity => lostHalf,
            MeasureKind.Share => lostHalf && isBeyondChance,
            _ => tuned.Units.Average() < Quantile.Of(untuned.Sorted, WorstPictures) && isBeyondChance,
        };
    }
}
