using Rlcm.Diffusion;
using Rlcm.Models.Lora;
using Rlcm.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Golden;

/// <summary>Whole trajectories with the original's noise: states, predictions, log-probabilities, pictures; without and with the adapter, both ways of applying it.</summary>
public sealed class RolloutTests
{
    private const double Tolerance = 5e-5;
    private const double LogProbTolerance = 2e-6;

    [Theory, MemberData(nameof(GoldenData.PipelinesWithTensor), "expected/rollout.safetensors", "base.states", MemberType = typeof(GoldenData))]
    public void The_base_model_samples_the_original_trajectory(string pipeline)
    {
        using var golden = new GoldenPipeline(pipeline);
        Compare(golden, "base.");
    }

    [Theory, MemberData(nameof(GoldenData.PipelinesWithTensor), "expected/rollout.safetensors", "lora.states", MemberType = typeof(GoldenData))]
    public void The_adapted_model_samples_the_original_trajectory(string pipeline)
    {
        using var golden = new GoldenPipeline(pipeline);
        using var adapters = golden.AttachLora();
        Compare(golden, "lora.");
    }

    [Theory, MemberData(nameof(GoldenData.PipelinesWithTensor), "expected/rollout.safetensors", "lora.states", MemberType = typeof(GoldenData))]
    public void The_merged_model_samples_the_original_trajectory(string pipeline)
    {
        using var golden = new GoldenPipeline(pipeline);
        using var adapters = golden.AttachLora();
        using var merged = adapters.Merge();
        Compare(golden, "lora.");
    }

    private static void Compare(GoldenPipeline golden, string prefix)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Tensor Expected(string key, int step) => golden.Rollout.Read(prefix + key)[TensorIndex.Colon, step];

        var policy = golden.Policy;
        var condition = golden.Rollout.Read("prompt_embeds");
        var noise = golden.Rollout.Read("noise");
        var state = golden.Rollout.Read("initial_latents");
        Tensor final = state;
        for (var step = 0; step < policy.Horizon; step++)
        {
            TensorAssert.Close(Expected("states", step), state, Tolerance);
            TensorAssert.Close(Expected("model_outputs", step), Prediction(golden, Expected("states", step), step), Tolerance);
            var (sample, mean) = policy.Evaluate(state, step, condition);
            TensorAssert.Close(Expected("denoised", step), sample, Tolerance);
            state = policy.IsNoised(step) ? LcmScheduler.Step(mean, noise[step], policy.Std(step)) : mean;
            TensorAssert.Close(Expected("next_states", step), state, Tolerance);

            // The recorded transition, as the training sees it.
            var recorded = policy.Evaluate(Expected("states", step), step, condition);
            var logProb = GaussianLogProb.Compute(Expected("next_states", step), recorded.Mean, LogProbReduction.Mean, policy.Std(step));
            TensorAssert.Close(Expected("log_probs", step), logProb, LogProbTolerance);
            final = sample;
        }

        TensorAssert.Close(golden.Rollout.Read(prefix + "image_raw"), golden.Model.Vae.Decode(final / golden.Model.Vae.Config.ScalingFactor), Tolerance);
    }

    /// <summary>The U-Net's output alone, which <see cref="Rlcm.Policy.LcmPolicy.Evaluate"/> keeps to itself.</summary>
    private static Tensor Prediction(GoldenPipeline golden, Tensor states, int step)
    {
        var timestep = golden.Rollout.Read("timesteps")[step];
        return golden.Model.Unet.forward(new(states, timestep.expand(states.shape[0]), golden.Rollout.Read("prompt_embeds"), golden.Rollout.Read("w_embedding")));
    }
}
