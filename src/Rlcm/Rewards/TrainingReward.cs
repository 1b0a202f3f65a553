using System.Runtime.ExceptionServices;
using Rlcm.Imaging;
using Rlcm.Runtime;

namespace Rlcm.Rewards;

/// <summary>What a sum of rewards has seen, for checkpoints.</summary>
/// <param name="Running">Moments of the clamped training scores so far, by the parts' names.</param>
/// <param name="Scale">Moments of the untuned model's clamped evaluation scores, by the parts' names.</param>
public sealed record TrainingRewardState(IReadOnlyDictionary<string, RunningMoments> Running, IReadOnlyDictionary<string, RunningMoments> Scale);

/// <summary>
/// What a training raises: one reward as it is, or several in a weighted sum, sum over parts of w (clamp(r) - mean) / std. Training takes mean
/// and deviation from all scores of the run so far, so that no part drowns the others however they change; measurements take them from the
/// untuned model's evaluation, once, so that they compare over the run: there 0 is the untuned model.
/// </summary>
public sealed class TrainingReward : IDisposable
{
    /// <summary>The name of every sum, which is its task in a configuration.</summary>
    public const string SumName = "weighted";

    /// <summary>The unit of every sum.</summary>
    public const string SumUnit = "standard deviations";

    private const double Epsilon = 1e-6; // as advantages have against equal rewards

    private readonly RunningMoments[] _running;
    private RunningMoments[]? _scale;

    private TrainingReward(string name, string unit, IReadOnlyList<RewardPart> parts, bool isSum) =>
        (Name, Unit, Parts, IsSum, _running) = (name, unit, parts, isSum, new RunningMoments[parts.Count]);

    /// <summary>The reward's name, or <see cref="SumName"/>.</summary>
    public string Name { get; }

    /// <summary>The reward's unit; of sums, standard deviations.</summary>
    public string Unit { get; }

    /// <summary>The parts of the sum, or the only reward.</summary>
    public IReadOnlyList<RewardPart> Parts { get; }

    /// <summary>What tells it from others: name and unit; of sums, the parts with weights and limits.</summary>
    internal string Description => IsSum ? string.Join(", ", Parts.Select(part => part.Description)) : $"{Name} ({Unit})";

    /// <summary>Whether it is a sum, also of a single part.</summary>
    public bool IsSum { get; }

    /// <summary>Whether measurements have their scale; rewards that are no sum need none.</summary>
    public bool HasScale => !IsSum || _scale is not null;

    /// <summary>Moments of the untuned model's clamped scores, in the order of the parts; null before <see cref="FixScale"/>, and where it is no sum.</summary>
    public IReadOnlyList<RunningMoments>? Scale => _scale;

    /// <summary>One reward, as it is.</summary>
    public static TrainingReward Of(IReward reward) => new(reward.Name, reward.Unit, [new(reward, 1)], isSum: false);

    /// <summary>The weighted sum of <paramref name="parts"/>.</summary>
    /// <exception cref="UserErrorException">There are none, two have one name, a weight is 0 or no number, or limits are none.</exception>
    public static TrainingReward Sum(IReadOnlyList<RewardPart> parts)
    {
        if (parts.Count == 0)
            throw new UserErrorException("A weighted sum needs at least one reward, found none; add one.");
        foreach (var part in parts)
        {
            if (parts.Count(other => other.Reward.Name == part.Reward.Name) > 1)
                throw new UserErrorException($"Two parts of the weighted sum are called '{part.Reward.Name}', by which they are told apart; give them different names.");
            if (!double.IsFinite(part.Weight) || part.Weight == 0)
                throw new UserErrorException($"Reward '{part.Reward.Name}' has the weight {part.Weight}, expected a number other than 0; change it or leave the reward out.");
            if (!((part.Min ?? double.NegativeInfinity) < (part.Max ?? double.PositiveInfinity)))
                throw new UserErrorException($"Reward '{part.Reward.Name}' counts from {part.Min} to {part.Max}, expected a maximum above the minimum; change one of them.");
        }

        return new(SumName, SumUnit, parts, isSum: true);
    }

    /// <summary>The scores of every part, [P][N], as the rewards give them; all parts score at the same time, and where one fails, the others are given up.</summary>
    /// <param name="images">N pictures.</param>
    /// <param name="prompts">[N].</param>
    /// <param name="origin">Where the pictures come from, for messages.</param>
    /// <param name="offset">Index of the first picture among all of that origin, for messages.</param>
    /// <param name="cancellationToken">Passed on to the rewards.</param>
    /// <exception cref="UserErrorException">A reward failed; the first that did is named.</exception>
    public async Task<float[][]> ScoreAsync(ImageBatch images, IReadOnlyList<string> prompts, string origin, int offset, CancellationToken cancellationToken)
    {
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        ExceptionDispatchInfo? first = null; // the others may answer their cancellation with errors of their own
        try
        {
            return await Task.WhenAll(Parts.Select(ScorePartAsync));
        }
        catch when (first is not null)
        {
            first.Throw();
            throw;
        }

        async Task<float[]> ScorePartAsync(RewardPart part)
        {
            try
            {
                return await RewardGuard.ScoreAsync(part.Reward, images, prompts, origin, offset, giveUp.Token);
            }
            catch (Exception error)
            {
                Interlocked.CompareExchange(ref first, ExceptionDispatchInfo.Capture(error), null);
                await giveUp.CancelAsync();
                throw;
            }
        }
    }

    /// <summary>
    /// The rewards of an update's pictures, [N], to train for. Of a sum, the scores enter the running moments first, part by part in the order
    /// of the pictures, so that it does not matter which came first.
    /// </summary>
    /// <param name="scores">Of all its pictures, [P][N].</param>
    public double[] Train(IReadOnlyList<double[]> scores)
    {
        if (!IsSum)
            return scores[0];
        for (var part = 0; part < Parts.Count; part++)
        {
            foreach (var score in scores[part])
                _running[part] = _running[part].With(Parts[part].Clamp(score));
        }

        return Add(scores, _running, moments => moments.Std + Epsilon);
    }

    /// <summary>The rewards of some pictures, [N], to report: they compare over the run.</summary>
    /// <param name="scores">[P][N].</param>
    /// <exception cref="InvalidOperationException">It is a sum without a scale.</exception>
    public double[] Measure(IReadOnlyList<double[]> scores) => !IsSum ? scores[0]
        : Add(scores, _scale ?? throw new InvalidOperationException($"Call {nameof(FixScale)} first."), Divisor);

    /// <summary>Fixes the scale of what is reported to the moments of <paramref name="scores"/>, which are the untuned model's, [P][N].</summary>
    public void FixScale(IReadOnlyList<double[]> scores) =>
        _scale = [.. Parts.Select((part, index) => scores[index].Aggregate(new RunningMoments(), (moments, score) => moments.With(part.Clamp(score))))];

    /// <summary>The scores of each part by its name; null where it is no sum.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<double>>? ByPart(IReadOnlyList<double[]> scores) =>
        IsSum ? Parts.Index().ToDictionary(entry => entry.Item.Reward.Name, entry => (IReadOnlyList<double>)scores[entry.Index], StringComparer.Ordinal) : null;

    /// <summary>A copy of the state; null where it is no sum.</summary>
    public TrainingRewardState? Export() => IsSum && _scale is not null ? new(ByName(_running), ByName(_scale)) : null;

    /// <summary>Replaces the state by one exported earlier; one of other parts, or none, leaves it as it is.</summary>
    public void Import(TrainingRewardState? state)
    {
        if (state is null || !Parts.All(part => state.Running.ContainsKey(part.Reward.Name) && state.Scale.ContainsKey(part.Reward.Name)))
            return;
        foreach (var (index, part) in Parts.Index())
            _running[index] = state.Running[part.Reward.Name];
        _scale = [.. Parts.Select(part => state.Scale[part.Reward.Name])];
    }

    /// <summary>What a part's clamped score is divided by to be reported; a part that did not vary at first counts in its own unit.</summary>
    internal static double Divisor(RunningMoments moments) => moments.Std > 0 ? moments.Std + Epsilon : 1;

    private double[] Add(IReadOnlyList<double[]> scores, RunningMoments[] moments, Func<RunningMoments, double> divisor)
    {
        var sums = new double[scores[0].Length];
        foreach (var (index, part) in Parts.Index())
        {
            for (var n = 0; n < sums.Length; n++)
                sums[n] += part.Weight * (part.Clamp(scores[index][n]) - moments[index].Mean) / divisor(moments[index]);
        }

        return sums;
    }

    private SortedDictionary<string, RunningMoments> ByName(RunningMoments[] moments) =>
        new(Parts.Index().ToDictionary(entry => entry.Item.Reward.Name, entry => moments[entry.Index]), StringComparer.Ordinal);

    /// <summary>Disposes the rewards that can be.</summary>
    public void Dispose()
    {
        foreach (var part in Parts)
            (part.Reward as IDisposable)?.Dispose();
    }
}
