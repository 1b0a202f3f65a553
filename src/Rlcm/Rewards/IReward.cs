using Rlcm.Imaging;

namespace Rlcm.Rewards;

/// <summary>What the training raises: a number per picture, higher is better.</summary>
public interface IReward
{
    /// <summary>Name in configurations, logs and metadata, such as <c>compression</c>.</summary>
    string Name { get; }

    /// <summary>Unit of the scores, for plots and tables, such as <c>kB</c>.</summary>
    string Unit { get; }

    /// <summary>Scores every picture of <paramref name="images"/> for the prompt of the same index.</summary>
    /// <returns>[N] finite numbers, in order.</returns>
    Task<float[]> ScoreAsync(ImageBatch images, IReadOnlyList<string> prompts, CancellationToken cancellationToken);
}
