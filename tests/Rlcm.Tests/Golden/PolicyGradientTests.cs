using Rlcm.Checkpoints;
using Rlcm.Training;
using TorchSharp;
using Xunit;

namespace Rlcm.Tests.Golden;

/// <summary>What the trainer's arithmetic gives on stored log-probabilities and rewards, against the Python originals.</summary>
public sealed class PolicyGradientTests
{
    [Theory]
    [MemberData(nameof(GoldenData.PipelinesWith), "expected/ppo_inputs.safetensors", MemberType = typeof(GoldenData))]
    public void Losses_and_diagnostics_follow_from_the_stored_log_probabilities(string name)
    {
        using var scope = torch.NewDisposeScope();
        var golden = GoldenData.ReadJson(GoldenData.InPipeline(name, "expected/ppo.json"));
        using var inputs = SafetensorsFile.Open(GoldenData.InPipeline(name, "expected/ppo_inputs.safetensors"));
        var old = inputs.ReadFloat("old_log_probs");                                      // [B, H]
        var advantages = inputs.ReadFloat("advantages").unsqueeze(1).expand(old.shape);
        var settings = new PpoSettings(
            golden.GetProperty("clip_range").GetDouble(), golden.GetProperty("adv_clip_max").GetDouble(), LogProbReduction.Mean, LatentDimensions: 1);

        var updates = golden.GetProperty("updates").EnumerateArray().ToArray();
        Assert.NotEmpty(updates);
        for (var k = 0; k < updates.Length; k++)
        {
            using var update = SafetensorsFile.Open(GoldenData.InPipeline(name, $"expected/ppo_update{k}.safetensors"));
            var (loss, metrics) = PpoLoss.Compute(update.ReadFloat("log_probs").flatten(), old.flatten(), advantages.flatten(), settings);

            var expectedLoss = Number("loss");
            Assert.Equal(expectedLoss, loss.ToDouble(), 1e-6 * Math.Abs(expectedLoss));
            Assert.Equal(loss.ToDouble(), metrics.Loss);
            Assert.Equal(Number("ratio"), metrics.RatioMean, 2e-6);
            Assert.Equal(Number("clip_fraction"), metrics.ClipFraction);
            Assert.Equal(Number("approx_kl"), metrics.ApproxKl, 0.01 * Number("approx_kl"));

            double Number(string key) => updates[k].GetProperty(key).GetDouble();
        }
    }

    [Theory]
    [MemberData(nameof(GoldenData.PipelinesWith), "expected/stat_tracker.json", MemberType = typeof(GoldenData))]
    public void Per_prompt_advantages_agree(string name)
    {
        var golden = GoldenData.ReadJson(GoldenData.InPipeline(name, "expected/stat_tracker.json"));
        var tracker = new PerPromptStatTracker(golden.GetProperty("buffer_size").GetInt32(), golden.GetProperty("min_count").GetInt32());
        foreach (var call in golden.GetProperty("calls").EnumerateArray())
        {
            string[] prompts = [.. call.GetProperty("prompts").EnumerateArray().Select(value => value.GetString()!)];
            var advantages = tracker.Update(prompts, Numbers("rewards"));
            Assert.All(Numbers("advantages").Zip(advantages), pair => Assert.Equal(pair.First, pair.Second, 1e-9 * Math.Abs(pair.First)));

            double[] Numbers(string key) => [.. call.GetProperty(key).EnumerateArray().Select(value => value.GetDouble())];
        }
    }
}
