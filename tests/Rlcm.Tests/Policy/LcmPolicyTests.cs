using Rlcm.Diffusion;
using Rlcm.Models;
using Rlcm.Policy;
using Rlcm.Runtime;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Policy;

public sealed class LcmPolicyTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly TemporaryFolder _folder = new();

    public void Dispose()
    {
        _folder.Dispose();
        _scope.Dispose();
    }

    [Fact]
    public void A_diffusion_model_is_refused()
    {
        using var model = TextToImageModel.Load(TinyModels.Write(_folder["model"], SchedulerConfig.Ddim));
        var error = Assert.Throws<UserErrorException>(() => new LcmPolicy(model, new(4, 4)));
        Assert.Contains("expected a latent consistency model (scheduler LCMScheduler), found DDIMScheduler", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Pictures_may_have_other_sizes_in_whole_latents()
    {
        using var model = TextToImageModel.Load(TinyModels.Write(_folder["model"]));
        Assert.Equal([4, 4, 4], new LcmPolicy(model, new(4, 4)).StateShape);
        Assert.Equal([4, 6, 8], new LcmPolicy(model, new(4, 4) { Height = 24, Width = 32 }).StateShape);
        var error = Assert.Throws<UserErrorException>(() => new LcmPolicy(model, new(4, 4) { Height = 18, Width = 32 }));
        Assert.Contains("height: expected a multiple of 4, found 18", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_final_step_is_scored_only_as_released()
    {
        using var model = TextToImageModel.Load(TinyModels.Write(_folder["model"]));
        var ours = new LcmPolicy(model, new(4, 4));
        var released = new LcmPolicy(model, new(4, 4, LcmGrid.Released, FinalStep.AsReleased));
        Assert.Equal((3, false), (ours.ScoredSteps.Count, ours.IsNoised(3)));
        Assert.Equal((4, true), (released.ScoredSteps.Count, released.IsNoised(3)));
    }

    [Fact]
    public void Guidance_and_prompt_reach_the_network()
    {
        using var model = TextToImageModel.Load(TinyModels.Write(_folder["model"]));
        using var noGrad = no_grad();
        var states = AddressedRandom.NormalTensor(new(1, RandomPurpose.InitialNoise), 1, 4, 4, 4);
        Tensor Mean(double guidance, string prompt)
        {
            var policy = new LcmPolicy(model, new(4, guidance));
            return policy.Evaluate(states, 1, policy.Encode([prompt])).Mean;
        }

        var mean = Mean(4, "a flat cat");
        Assert.Equal(0, (Mean(4, "a flat cat") - mean).abs().max().ToDouble());
        Assert.NotEqual(0, (Mean(5, "a flat cat") - mean).abs().max().ToDouble());
        Assert.NotEqual(0, (Mean(4, "a 3d dog") - mean).abs().max().ToDouble());
    }
}
