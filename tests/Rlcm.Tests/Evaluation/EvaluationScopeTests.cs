using Rlcm.Evaluation;
using Xunit;

namespace Rlcm.Tests.Evaluation;

public sealed class EvaluationScopeTests
{
    [Fact]
    public void All_animals_are_asked_for_in_every_style()
    {
        Assert.Equal(180, EvaluationScope.Full.Prompts.Count);
        Assert.Equal(["a 3d cat", "a flat cat", "a noto cat", "a twemoji cat"], EvaluationScope.Full.Prompts.Where(prompt => prompt.Word == "cat").Select(prompt => prompt.Text).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Or_by_their_names_alone()
    {
        var prompts = (EvaluationScope.Full with { Styled = false }).Prompts;
        Assert.Equal(45, prompts.Count);
        Assert.All(prompts, prompt => Assert.Equal(prompt.Word, prompt.Text));
        Assert.Equal(EvaluationScope.Full.Prompts.Select(prompt => prompt.Word).Distinct(), prompts.Select(prompt => prompt.Word));
    }

    [Fact]
    public void Fewer_animals_are_spread_over_the_list()
    {
        var all = (EvaluationScope.Full with { Styled = false }).Prompts;
        Assert.Equal(Enumerable.Range(0, 15).Select(index => all[3 * index]), (EvaluationScope.Full with { Animals = 15, Styled = false }).Prompts);
    }
}
