using Rlcm.Checkpoints;
using Rlcm.Imaging;
using Rlcm.Models.Lora;
using Rlcm.Rollouts;
using Rlcm.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Golden;

/// <summary>Three updates of the released loss through the whole network: loss, diagnostics, gradients, clipping, Adam.</summary>
public sealed class PpoUpdateTests
{
    private const double LogProbTolerance = 2e-6;
    private const double GradientTolerance = 2e-4;
    private const double WeightTolerance = 1e-5;
    private const double SignificantGradient = 1e-3; // of the largest of its tensor; see the golden README on Adam's first steps

    [Theory, MemberData(nameof(GoldenData.PipelinesWith), "expected/ppo_inputs.safetensors", MemberType = typeof(GoldenData))]
    public void Three_updates_agree(string pipeline) => Compare(pipeline, checkpointing: false);

    [Theory, MemberData(nameof(GoldenData.PipelinesWith), "expected/ppo_inputs.safetensors", MemberType = typeof(GoldenData))]
    public void Three_updates_with_recomputed_activations_agree(string pipeline) => Compare(pipeline, checkpointing: true);

    private static void Compare(string pipeline, bool checkpointing)
    {
        using var golden = new GoldenPipeline(pipeline);
        golden.Model.Unet.GradientCheckpointing = checkpointing;
        using var adapters = golden.AttachLora();
        using var scope = NewDisposeScope();
        using var inputs = SafetensorsFile.Open(GoldenData.InPipeline(pipeline, "expected/ppo_inputs.safetensors"));
        var settings = golden.Settings;
        var advantages = inputs.Read("advantages").data<float>().ToArray();
        using var trajectory = Recorded(golden, inputs.Read("old_log_probs"), advantages.Length);
        var ppo = new PpoSettings(
            settings.GetProperty("clip_range").GetDouble(), settings.GetProperty("adv_clip_max").GetDouble(), LogProbReduction.Mean, trajectory.States[0, 0].numel());
        var moments = settings.GetProperty("adam");
        Assert.Equal(0, moments.GetProperty("weight_decay").GetDouble());
        using var adam = new Adam(adapters.Parameters(), settings.GetProperty("learning_rate").GetDouble())
        {
            Beta1 = moments.GetProperty("beta1").GetDouble(),
            Beta2 = moments.GetProperty("beta2").GetDouble(),
            Epsilon = moments.GetProperty("eps").GetDouble(),
        };
        var significant = adapters.Parameters().ToDictionary(entry => entry.Name, entry => ones_like(entry.Value, ScalarType.Bool));

        foreach (var (update, expected) in settings.GetProperty("updates").EnumerateArray().Index())
        {
            using var file = SafetensorsFile.Open(GoldenData.InPipeline(pipeline, $"expected/ppo_update{update}.safetensors"));
            using (no_grad())
            {
                for (var step = 0; step < golden.Policy.Horizon; step++)
                {
                    var logProb = PolicyGradient.LogProb(golden.Policy, trajectory, [.. Enumerable.Range(0, advantages.Length)], step, LogProbReduction.Mean);
                    TensorAssert.Close(file.Read("log_probs")[TensorIndex.Colon, step], logProb, LogProbTolerance);
                }
            }

            adam.ZeroGrad();
            var metrics = PolicyGradient.Accumulate(
                golden.Policy, trajectory, [.. Enumerable.Range(0, advantages.Length)], advantages, settings.GetProperty("micro_batch").GetInt32(), ppo);

            Close(expected, "loss", metrics.Loss, 1e-6 * Math.Abs(expected.GetProperty("loss").GetDouble()));
            Close(expected, "ratio", metrics.RatioMean, 2e-6);
            Close(expected, "approx_kl", metrics.ApproxKl, 0.01 * expected.GetProperty("approx_kl").GetDouble());
            Assert.Equal(expected.GetProperty("clip_fraction").GetDouble(), metrics.ClipFraction);
            foreach (var (name, parameter) in adapters.Parameters())
            {
                var gradient = file.Read($"grad.{name}");
                TensorAssert.CloseInNorm(gradient, parameter.grad!, GradientTolerance, name);
                significant[name] = significant[name].logical_and(gradient.abs() > SignificantGradient * gradient.abs().max());
            }

            var norm = GradientNorm.Clip(adam.Parameters, settings.GetProperty("max_grad_norm").GetDouble());
            Close(expected, "grad_norm", norm, GradientTolerance * norm);
            adam.Step();
            foreach (var (name, parameter) in adapters.Parameters())
            {
                var mask = significant[name];
                TensorAssert.Close(file.Read($"after.{name}").masked_select(mask), parameter.masked_select(mask), WeightTolerance);
            }
        }
    }

    private static Trajectory Recorded(GoldenPipeline golden, Tensor oldLogProbs, int count)
    {
        var images = new ImageBatch(new byte[count * 3], count, 1, 1);
        var items = golden.Settings.GetProperty("prompts").EnumerateArray().Select((prompt, index) =>
            new RolloutItem(prompt.GetString()!, RolloutNoise.Training(1, 0, index))).ToArray();
        return new(
            items, PolicyVersion: 0, golden.Rollout.Read("prompt_embeds"), golden.Rollout.Read("lora.states"), golden.Rollout.Read("lora.next_states"), oldLogProbs, images);
    }

    private static void Close(System.Text.Json.JsonElement expected, string name, double actual, double tolerance)
    {
        var value = expected.GetProperty(name).GetDouble();
        Assert.True(Math.Abs(value - actual) <= tolerance, $"{name}: expected {value:g9}, found {actual:g9}, allowed {tolerance:g3}.");
    }
}
