using Rlcm.Training;
using Xunit;

namespace Rlcm.Tests.Training;

public sealed class PlateauTests
{
    [Theory]
    [InlineData(null, new double[] { 1, 1, 1, 1 }, false)] // never
    [InlineData(3, new double[] { 1, 1, 1 }, false)] // too few
    [InlineData(3, new double[] { 1, 1, 1, 1 }, true)]
    [InlineData(3, new double[] { 1, 1, 1, 1.09 }, true)] // a standard error is 0.1
    [InlineData(3, new double[] { 1, 1, 1, 1.11 }, false)]
    [InlineData(3, new double[] { 1, 1.11, 1, 1 }, false)] // the best of the three counts
    [InlineData(3, new double[] { 1, 1.11, 1.15, 1.15, 1.15 }, true)]
    [InlineData(3, new double[] { 1, 1.05, 1.1, 1.15, 1.2, 1.25 }, false)] // together the three gain more
    [InlineData(1, new double[] { 1, 2, 1.5 }, true)]
    public void The_last_evaluations_together_have_to_gain_a_standard_error(int? patience, double[] rewards, bool expected) =>
        Assert.Equal(expected, Plateau.IsReached([.. rewards.Select((reward, index) => new EvaluationMetrics(index, 0, 0, Images: 25, reward, RewardStd: 0.5, null, null, IsBest: false))], patience));

    // Pictures that differ much, of which each gains about as much: their differences have a deviation of 0.1, four of them a standard error of 0.05.
    [Theory]
    [InlineData(0.06, false)]
    [InlineData(0.04, true)]
    [InlineData(-1.0, true)]
    public void The_standard_error_is_that_of_the_same_pictures_differences(double gain, bool expected)
    {
        double[] before = [-100, -10, 10, 100], after = [-100 + gain + 0.1, -10 + gain - 0.1, 10 + gain + 0.1, 100 + gain - 0.1];
        Assert.Equal(expected, Plateau.IsReached([Line(0, before), Line(1, after)], patience: 1));
        static EvaluationMetrics Line(int update, double[] rewards) =>
            new(update, 0, 0, rewards.Length, RewardMoments.Of(rewards).Mean, RewardMoments.Of(rewards).Std, null, null, IsBest: false) { Rewards = rewards };
    }
}
