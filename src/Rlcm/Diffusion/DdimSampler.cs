using Rlcm.Imaging;
using Rlcm.Models;
using Rlcm.Runtime;
using TorchSharp;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;

namespace Rlcm.Diffusion;

/// <summary>Samples a diffusion model deterministically with classifier-free guidance (Song et al. 2021, eq. 12 with eta = 0).</summary>
/// <param name="model">A model without guidance embedding.</param>
/// <param name="steps">Number of U-Net evaluations per picture and condition.</param>
/// <param name="guidanceScale">1 is no guidance.</param>
public sealed class DdimSampler(TextToImageModel model, int steps, double guidanceScale)
{
    private readonly IReadOnlyList<DdimStep> _steps = DdimScheduler.CreateSteps(
        model.Scheduler.CreateNoiseSchedule(), steps, model.Scheduler.StepsOffset, model.Scheduler.SetAlphaToOne);

    /// <summary>One picture per prompt.</summary>
    /// <param name="encode">The model's text embeddings of prompts, [N, S, D]; of the empty one, too.</param>
    /// <param name="prompts">N prompts.</param>
    /// <param name="noiseAddress">Address of the initial noise of picture k.</param>
    public ImageBatch Sample(Func<IReadOnlyList<string>, Tensor> encode, IReadOnlyList<string> prompts, Func<int, RandomAddress> noiseAddress)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var count = prompts.Count;
        var size = model.Unet.Config.SampleSize;
        var text = cat([encode([""]).expand(count, -1, -1), encode(prompts)]);
        var x = AddressedRandom.NormalBatch([.. Enumerable.Range(0, count).Select(noiseAddress)], model.Unet.Config.InChannels, size, size);
        foreach (var step in _steps)
        {
            using var stepScope = NewDisposeScope();
            var timesteps = full(2 * count, Kept((long)step.From.Timestep), ScalarType.Int64);
            var parts = model.Unet.forward(new(cat([x, x]), timesteps, text, GuidanceEmbedding: null)).chunk(2);
            var epsilon = EpsilonPrediction.Guide(parts[0], parts[1], guidanceScale);
            x = DdimScheduler.Mean(x, epsilon, eta: 0, step).MoveToOuterDisposeScope();
        }

        return model.Decode(x);
    }
}
