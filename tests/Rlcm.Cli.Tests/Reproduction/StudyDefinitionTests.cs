using Rlcm.Cli.Reproduction;
using Xunit;

namespace Rlcm.Cli.Tests.Reproduction;

public sealed class StudyDefinitionTests
{
    public static TheoryData<string> Names => ["full", "quick"];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_run_has_a_name_of_its_own_a_configuration_that_can_be_run_and_a_part(string name)
    {
        var study = Find(name);
        Assert.Equal(study.Runs.Count, study.Runs.Select(run => run.Name).Distinct().Count());
        Assert.All(study.Runs, run => Assert.Equal((run.Task, run.Seed, study == StudyDefinition.Quick ? 0 : 1, 8, 16.0), run.Config([]) is var config ? (config.Task, config.Seed, config.Threads, config.LoraRank, config.LoraAlpha) : default));
        Assert.All(study.Runs, run => Assert.Subset(StudyPart.All.ToHashSet(StringComparer.Ordinal), run.Parts.ToHashSet(StringComparer.Ordinal)));
        string[] measured = [StudyPart.Rates, StudyPart.Inference];
        Assert.All(StudyPart.All.Except(measured), part => Assert.Contains(study.Runs, run => run.Parts.Contains(part)));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Both_algorithms_have_the_same_budget_prompts_and_pictures(string name)
    {
        foreach (var task in Find(name).Runs.Where(run => run.Parts.Contains(StudyPart.Main)).GroupBy(run => run.Task))
        {
            Assert.Equal(["ddpo", "rlcm"], task.Select(run => run.Algorithm).Distinct().Order());
            Assert.Single(task.Select(run => run.Config([])).Select(config => (config.Updates * config.ImagesPerUpdate, config.EvaluateEvery * config.ImagesPerUpdate, config.Prompts, config.EvaluationPrompts, string.Join(',', config.LoraTargets))).Distinct());
        }
    }

    [Fact]
    public void The_default_of_RLCM_is_the_middle_one_of_the_horizons() =>
        Assert.All(StudyDefinition.Full.Runs.Where(run => run.Parts.Contains(StudyPart.Horizon)), run => Assert.Equal(ArmNames.Horizon(run.Arm), run.Config([]).Horizon));

    [Fact]
    public void What_is_set_for_all_runs_wins() => Assert.All(StudyDefinition.Quick.Runs, run => Assert.Equal(3, run.Config(["updates=3"]).Updates));

    private static StudyDefinition Find(string name) => name == "full" ? StudyDefinition.Full : StudyDefinition.Quick;
}
