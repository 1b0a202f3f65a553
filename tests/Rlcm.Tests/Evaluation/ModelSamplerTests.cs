using Rlcm.Evaluation;
using Rlcm.Models;
using Rlcm.Policy;
using Rlcm.Prompts;
using Rlcm.Rollouts;
using Rlcm.Runtime;
using Xunit;

namespace Rlcm.Tests.Evaluation;

public sealed class ModelSamplerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_consistency_model_draws_as_the_collector_does()
    {
        using var model = TextToImageModel.Load(TinyModels.Write(_folder["model"]));
        using var sampler = new ModelSampler(model, 3, seed => RolloutNoise.Sample(7, seed));
        var drawn = sampler.Draw(2, TinyModels.Prompts, [0, 1, 2, 9], TestContext.Current.CancellationToken);
        var policy = new LcmPolicy(model, new(2, 3));
        using var encoded = new EncodedPrompts(policy.Encode);
        long[] seeds = [0, 1, 2, 9];
        RolloutItem[] items = [.. TinyModels.Prompts.Zip(seeds, (prompt, seed) => new RolloutItem(prompt, RolloutNoise.Sample(7, seed)))];
        Assert.Equal(RolloutCollector.Sample(policy, encoded, items, 4, TestContext.Current.CancellationToken).Pixels, drawn.Pixels);
        Assert.Equal((PolicyEvaluator.Horizons, 16, 960), (sampler.DefaultSteps, sampler.PictureSize, sampler.BatchSize)); // as many pixels as 60 pictures of 64x64
    }

    [Fact]
    public void A_diffusion_model_draws_too()
    {
        using var model = TextToImageModel.Load(TinyModels.Write(_folder["model"], SchedulerConfig.Ddim));
        using var sampler = new ModelSampler(model, 3, seed => RolloutNoise.Sample(7, seed));
        sampler.Require([60]);
        Assert.Equal([ModelSampler.DiffusionSteps], sampler.DefaultSteps);
        var drawn = sampler.Draw(2, ["a cat", "a cat"], [0, 1], TestContext.Current.CancellationToken);
        Assert.NotEqual(drawn[0].ToArray(), drawn[1].ToArray());
    }

    [Fact]
    public void More_steps_than_a_consistency_model_takes_are_refused_before_drawing()
    {
        using var model = TextToImageModel.Load(TinyModels.Write(_folder["model"]));
        using var sampler = new ModelSampler(model, 3, seed => RolloutNoise.Sample(7, seed));
        sampler.Require([1, 50]);
        Assert.Contains("found 51", Assert.Throws<UserErrorException>(() => sampler.Require([1, 51])).Message, StringComparison.Ordinal);
    }
}
