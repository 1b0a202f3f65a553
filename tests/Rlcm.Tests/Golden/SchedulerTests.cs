using Rlcm.Checkpoints;
using Rlcm.Diffusion;
using Rlcm.Training;
using TorchSharp;
using Xunit;

namespace Rlcm.Tests.Golden;

/// <summary>Schedules and transition formulas against the Python originals.</summary>
public sealed class SchedulerTests
{
    [Theory]
    [MemberData(nameof(GoldenData.PipelinesWith), "expected/lcm_timesteps.json", MemberType = typeof(GoldenData))]
    public void Released_timesteps_are_equal(string name) => CheckGrid(name, "expected/lcm_timesteps.json", LcmGrid.Released);

    [Theory]
    [MemberData(nameof(GoldenData.PipelinesWith), "expected/lcm_timesteps_diffusers.json", MemberType = typeof(GoldenData))]
    public void Diffusers_timesteps_are_equal(string name) => CheckGrid(name, "expected/lcm_timesteps_diffusers.json", LcmGrid.Diffusers);

    [Theory]
    [MemberData(nameof(GoldenData.PipelinesWithTensor), "expected/rollout.safetensors", "alphas_cumprod", MemberType = typeof(GoldenData))]
    public void Cumulative_products_are_equal(string name)
    {
        using var scope = torch.NewDisposeScope();
        using var rollout = SafetensorsFile.Open(GoldenData.InPipeline(name, "expected/rollout.safetensors"));
        var config = GoldenData.ReadJson(GoldenData.InPipeline(name, "pipeline/scheduler/scheduler_config.json"));
        var schedule = NoiseSchedule.FromConfig(
            config.GetProperty("beta_start").GetDouble(), config.GetProperty("beta_end").GetDouble(),
            config.GetProperty("beta_schedule").GetString()!, config.GetProperty("num_train_timesteps").GetInt32());

        Assert.Equal(rollout.Read("alphas_cumprod").data<float>().ToArray(), schedule.AlphasCumprod);
    }

    [Theory]
    [MemberData(nameof(GoldenData.PipelinesWithTensor), "expected/rollout.safetensors", "w_embedding", MemberType = typeof(GoldenData))]
    public void Guidance_embeddings_agree(string name)
    {
        using var scope = torch.NewDisposeScope();
        using var rollout = SafetensorsFile.Open(GoldenData.InPipeline(name, "expected/rollout.safetensors"));
        var guidance = GoldenData.ReadJson(GoldenData.InPipeline(name, "expected/ppo.json")).GetProperty("guidance_scale").GetDouble();
        var expected = rollout.ReadFloat("w_embedding");
        var images = Enumerable.Repeat(guidance, (int)expected.shape[0]).ToArray();

        TensorAssert.Close(expected, GuidanceEmbedding.Create(images, (int)expected.shape[1]), 1e-3);
    }

    [Theory]
    [MemberData(nameof(GoldenData.PipelinesWithTensor), "expected/rollout.safetensors", "base.model_outputs", MemberType = typeof(GoldenData))]
    public void Transitions_and_log_probabilities_follow_from_the_base_models_outputs(string name) => CheckTransitions(name, "base");

    [Theory]
    [MemberData(nameof(GoldenData.PipelinesWithTensor), "expected/rollout.safetensors", "lora.model_outputs", MemberType = typeof(GoldenData))]
    public void Transitions_and_log_probabilities_follow_from_the_adapted_models_outputs(string name) => CheckTransitions(name, "lora");

    private static void CheckTransitions(string name, string policy)
    {
        using var scope = torch.NewDisposeScope();
        using var rollout = SafetensorsFile.Open(GoldenData.InPipeline(name, "expected/rollout.safetensors"));
        var settings = GoldenData.ReadJson(GoldenData.InPipeline(name, "expected/ppo.json"));
        var schedule = NoiseSchedule.FromAlphasCumprod(rollout.Read("alphas_cumprod").data<float>().ToArray());
        var plan = LcmPlan.Create(
            schedule, settings.GetProperty("inference_steps").GetInt32(), LcmGrid.Released, FinalStep.AsReleased, settings.GetProperty("original_steps").GetInt32());
        Assert.Equal(rollout.Read("timesteps").data<long>().ToArray(), plan.Steps.Select(step => (long)step.Level.Timestep));

        for (var i = 0; i < plan.Horizon; i++)
        {
            var step = plan.Steps[i];
            var denoised = LcmScheduler.Denoise(Of("states", i), Of("model_outputs", i), step.Level);
            var mean = LcmScheduler.Mean(denoised, step.Next);
            TensorAssert.Close(Of("denoised", i), denoised, 5e-5);
            TensorAssert.Close(Of("next_states", i), LcmScheduler.Step(mean, rollout.ReadFloat("noise")[i], step.Next.Noise), 5e-5);
            TensorAssert.Close(Of("log_probs", i), GaussianLogProb.Compute(Of("next_states", i), mean, LogProbReduction.Mean, step.Next.Noise), 2e-6);
        }

        torch.Tensor Of(string key, int i) => rollout.ReadFloat($"{policy}.{key}").select(1, i); // stored as [B, H, ...]
    }

    private static void CheckGrid(string name, string file, LcmGrid grid)
    {
        var expected = GoldenData.ReadJson(GoldenData.InPipeline(name, file)).EnumerateObject().ToArray();
        Assert.NotEmpty(expected);
        foreach (var entry in expected)
        {
            var (origin, horizon) = entry.Name.Split('/') is [var first, var second] ? (int.Parse(first), int.Parse(second)) : default;
            Assert.Equal(entry.Value.EnumerateArray().Select(value => value.GetInt32()), LcmTimesteps.Create(horizon, grid, origin));
        }
    }
}
