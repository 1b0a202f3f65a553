using Rlcm.Diffusion;
using Rlcm.Models.Lora;
using Rlcm.Models.Vae;
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

    // Weights rounded to 11 binary digits; the first step divides what that makes of the noise by sqrt(a) = 0.07.
    private const double Fp16Tolerance = 2e-2;
    private const double Fp16LogProbTolerance = 1e-4;

    // The decoder normalizes over a tile instead of the picture: |difference| / |picture|.
    private const double TilesTolerance = 0.1;

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

    [Theory, MemberData(nameof(GoldenData.PipelinesWithTensor), "expected/rollout.safetensors", "base.states", MemberType = typeof(GoldenData))]
    public void A_model_in_shards_samples_the_original_trajectory(string pipeline)
    {
        using var folder = new TemporaryFolder();
        using var golden = new GoldenPipeline(pipeline, GoldenForms.Write(pipeline, folder["model"], new() { Shards = 3 }));
        Compare(golden, "base.");
    }

    [Theory, MemberData(nameof(GoldenData.PipelinesWithTensor), "expected/rollout.safetensors", "base.states", MemberType = typeof(GoldenData))]
    public void A_model_in_half_precision_samples_nearly_the_original_trajectory(string pipeline)
    {
        using var folder = new TemporaryFolder();
        using var golden = new GoldenPipeline(pipeline, GoldenForms.Write(pipeline, folder["model"], new(ScalarType.Float16) { Variant = "fp16" }));
        Compare(golden, "base.", Fp16Tolerance, Fp16LogProbTolerance);
    }

    [Theory, MemberData(nameof(GoldenData.PipelinesWithTensor), "expected/rollout.safetensors", "lora.states", MemberType = typeof(GoldenData))]
    public void An_exported_merged_model_samples_the_original_trajectory(string pipeline)
    {
        using var folder = new TemporaryFolder();
        using (var original = new GoldenPipeline(pipeline))
        {
            using var adapters = original.AttachLora();
            original.Model.Save(folder["merged"], ScalarType.Float32, GoldenData.InPipeline(pipeline, "pipeline/tokenizer"), adapters);
        }

        using var golden = new GoldenPipeline(pipeline, folder["merged"]);
        Compare(golden, "lora.");
    }

    [Theory, MemberData(nameof(GoldenData.PipelinesWithTensor), "expected/rollout.safetensors", "base.image_raw", MemberType = typeof(GoldenData))]
    public void Tiles_leave_pictures_of_a_tile_alone_and_change_larger_ones_a_little(string pipeline)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var golden = new GoldenPipeline(pipeline);
        var latents = golden.Rollout.Read("base.denoised").select(1, golden.Policy.Horizon - 1);
        var expected = golden.Rollout.Read("base.image_raw");
        golden.Model.Tiling = Tiling.Default;
        TensorAssert.Close(expected, golden.Model.DecodePixels(latents), Tolerance);
        golden.Model.Tiling = new(Size: 12, Margin: 2, Blend: 4);
        TensorAssert.CloseInNorm(expected, golden.Model.DecodePixels(latents), TilesTolerance, "tiles");
    }

    private static void Compare(GoldenPipeline golden, string prefix, double tolerance = Tolerance, double logProbTolerance = LogProbTolerance)
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
            TensorAssert.Close(Expected("states", step), state, tolerance);
            TensorAssert.Close(Expected("model_outputs", step), Prediction(golden, Expected("states", step), step), tolerance);
            var (sample, mean) = policy.Evaluate(state, step, condition);
            TensorAssert.Close(Expected("denoised", step), sample, tolerance);
            state = policy.IsNoised(step) ? LcmScheduler.Step(mean, noise[step], policy.Std(step)) : mean;
            TensorAssert.Close(Expected("next_states", step), state, tolerance);

            // The recorded transition, as the training sees it.
            var recorded = policy.Evaluate(Expected("states", step), step, condition);
            var logProb = GaussianLogProb.Compute(Expected("next_states", step), recorded.Mean, LogProbReduction.Mean, policy.Std(step));
            TensorAssert.Close(Expected("log_probs", step), logProb, logProbTolerance);
            final = sample;
        }

        TensorAssert.Close(golden.Rollout.Read(prefix + "image_raw"), golden.Model.DecodePixels(final), tolerance);
    }

    /// <summary>The U-Net's output alone, which <see cref="Rlcm.Policy.LcmPolicy.Evaluate"/> keeps to itself.</summary>
    private static Tensor Prediction(GoldenPipeline golden, Tensor states, int step)
    {
        var timestep = golden.Rollout.Read("timesteps")[step];
        return golden.Model.Unet.forward(new(states, timestep.expand(states.shape[0]), golden.Rollout.Read("prompt_embeds"), golden.Rollout.Read("w_embedding")));
    }
}
