using Rlcm.Imaging;
using Rlcm.Models;
using Rlcm.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlcm.Diffusion;

/// <summary>Samples a latent consistency model in a few steps (Luo et al. 2023, algorithm 3), without recording anything.</summary>
/// <param name="model">A model with guidance embedding, or a fused one (guidance scale 1).</param>
/// <param name="horizon">H, the number of U-Net evaluations per picture.</param>
/// <param name="guidanceScale">1 is no guidance.</param>
/// <param name="grid">Which timesteps.</param>
public sealed class LcmSampler(TextToImageModel model, int horizon, double guidanceScale, LcmGrid grid = LcmGrid.Diffusers)
{
    private readonly LcmPlan _plan = LcmPlan.Create(model.Scheduler.CreateNoiseSchedule(), horizon, grid, FinalStep.Deterministic);

    /// <summary>One picture per prompt.</summary>
    /// <param name="prompts">N prompts.</param>
    /// <param name="noiseAddress">Address of the initial noise of picture k; the noise after step i has the same with Step = i + 1.</param>
    public ImageBatch Sample(IReadOnlyList<string> prompts, Func<int, RandomAddress> noiseAddress)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var count = prompts.Count;
        RandomAddress[] addresses = [.. Enumerable.Range(0, count).Select(noiseAddress)];
        long[] shape = [model.Unet.Config.InChannels, model.Unet.Config.SampleSize, model.Unet.Config.SampleSize];
        var text = model.EncodePrompts(prompts);
        var embedding = model.Unet.Config.TimeCondProjDim is { } width ? GuidanceEmbedding.Create([guidanceScale], width).expand(count, -1) : null;
        var x = AddressedRandom.NormalBatch(addresses, shape);
        for (var i = 0; i < horizon; i++)
        {
            using var stepScope = NewDisposeScope();
            var step = _plan.Steps[i];
            var epsilon = model.Unet.forward(new(x, full(count, (long)step.Level.Timestep, ScalarType.Int64), text, embedding));
            x = LcmScheduler.Denoise(x, epsilon, step.Level);
            if (step.IsNoised)
            {
                var noise = AddressedRandom.NormalBatch(Array.ConvertAll(addresses, address => address with { Step = i + 1 }), shape);
                x = LcmScheduler.Step(LcmScheduler.Mean(x, step.Next), noise, step.Next.Noise);
            }

            x = x.MoveToOuterDisposeScope();
        }

        return model.Decode(x);
    }
}
