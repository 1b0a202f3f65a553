using System.Diagnostics;
using System.Globalization;
using Rlcm.Imaging;
using Rlcm.Runtime;

namespace Rlcm.Rewards;

/// <summary>Asks a reward that depends on something outside of this process for the score of one grey picture, before anything is drawn for it.</summary>
public static class RewardProbe
{
    private const byte Grey = 128;

    /// <summary>What it answers, as a phrase: <c>the reward server http://127.0.0.1:8700/ in 0.1 s: 3.5 for a grey picture</c>.</summary>
    /// <param name="reward">The reward to ask.</param>
    /// <param name="height">Of the picture, in pixels.</param>
    /// <param name="width">Of the picture, in pixels.</param>
    /// <param name="prompt">The picture's prompt.</param>
    /// <param name="cancellationToken">Passed on to the reward.</param>
    /// <exception cref="UserErrorException">It fails.</exception>
    public static string Ask(IProbedReward reward, int height, int width, string prompt, CancellationToken cancellationToken)
    {
        var picture = new ImageBatch([.. Enumerable.Repeat(Grey, height * width * 3)], 1, height, width);
        var begin = Stopwatch.GetTimestamp();
        var score = RewardGuard.ScoreAsync(reward, picture, [prompt], "the start-up check", offset: 0, cancellationToken).GetAwaiter().GetResult()[0];
        return string.Create(CultureInfo.InvariantCulture, $"{reward.Source} in {Stopwatch.GetElapsedTime(begin).TotalSeconds:0.0} s: {score:g4} for a grey picture");
    }
}
