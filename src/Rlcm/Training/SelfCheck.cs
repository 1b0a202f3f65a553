using System.Diagnostics;
using System.Globalization;
using Rlcm.Checkpoints;
using Rlcm.Models;
using Rlcm.Policy;
using Rlcm.Prompts;
using Rlcm.Rollouts;
using TorchSharp;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;

namespace Rlcm.Training;

/// <summary>One line of the start-up check.</summary>
/// <param name="Name">What was checked.</param>
/// <param name="Passed">Whether it holds.</param>
/// <param name="Finding">What was found.</param>
/// <param name="Advice">What to do where it does not hold.</param>
public sealed record SelfCheckResult(string Name, bool Passed, string Finding, string Advice);

/// <summary>
/// Before the first update: do the sampling path and the training path compute the same policy, do gradients reach what is trained
/// and nothing else, does a step leave the base model alone, and what will the run take? Leaves the weights as they were.
/// </summary>
public sealed class SelfCheck(TrainConfig config, IStepPolicy policy, nn.Module network, ITrainedWeights weights, IReadOnlyList<string> prompts, EncodedPrompts encoded)
{
    private const double LogProbTolerance = 2e-6; // a fiftieth of the papers' clip range

    /// <summary>Runs all checks on one sampling batch and one micro-batch.</summary>
    /// <param name="stop">Stops before the next batch.</param>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public IReadOnlyList<SelfCheckResult> Run(CancellationToken stop)
    {
        using var scope = NewDisposeScope();
        Tensor[] initial = [.. weights.Parameters().Select(entry => entry.Value.detach().clone())];
        try
        {
            return Results(stop);
        }
        finally
        {
            Restore(initial);
        }
    }

    private IReadOnlyList<SelfCheckResult> Results(CancellationToken stop)
    {
        var hash = WeightsHash.Sha256(network);
        var difference = LargestDifference(stop);
        var (norm, strays) = TakeStep(stop);
        difference = Math.Max(difference, LargestDifference(stop));
        var unchanged = WeightsHash.Sha256(network) == hash;
        var allowed = Allowed(config);
        return
        [
            new("log-probabilities agree between sampling and training", difference <= allowed,
                $"largest difference {difference:e1} per latent dimension, allowed {allowed:e1}",
                $"the policy ratio would not start at 1: {DifferenceAdvice()}"),
            new($"gradients reach the {weights.Name}", double.IsFinite(norm) && norm > 0, $"norm {norm:g3}",
                $"nothing would be learned: check {(config.TrainedWeights == TrainedWeights.Lora ? "loraTargets and learningRate" : "the model's weights")}"),
            new("gradients reach nothing else", strays == 0, $"{strays} other weights have one", "freeze the base model"),
            new("a step leaves the base weights alone", unchanged, unchanged ? $"SHA-256 {WeightsHash.Abbreviate(hash)} before and after" : "they changed",
                "report this: base weights must never be written to"),
            Batches(),
            Memory(),
        ];
    }

    /// <summary>
    /// How far log-probabilities may lie apart. Guidance and the division by a small signal at high noise magnify the rounding of a diffusion
    /// model's predictions, the more the fewer its steps are, so that it is a fiftieth of its own clip range there.
    /// </summary>
    internal static double Allowed(TrainConfig config) => config.Algorithm == TrainAlgorithm.Ddpo ? Math.Max(LogProbTolerance, config.ClipRange / 50) : LogProbTolerance;

    private string DifferenceAdvice() => config.Dtype != ComputePrecision.Fp32 && config.SamplingBatch != config.MicroBatch
        ? $"half precision rounds otherwise in batches of another size: set samplingBatch to {config.MicroBatch}, as microBatch is"
        : $"lower {(config.TrainedWeights == TrainedWeights.Lora ? "loraAlpha or learningRate" : "learningRate")} where the numbers are out of range, else report this with the model's configuration";

    private SelfCheckResult Batches()
    {
        var batches = BatchArithmetic.Of(config);
        var used = (long)batches.MicroBatches * config.MicroBatch * config.Minibatches;
        return new(
            "batches cover every image", used == config.ImagesPerUpdate,
            $"{config.Minibatches} x {batches.MicroBatches} micro-batches of {config.MicroBatch} for {config.ImagesPerUpdate} images; "
            + $"{batches.RewardQueries} reward queries in {config.Updates} updates",
            "change microBatch or minibatches");
    }

    /// <summary>The process's peak so far, which saw a sampling batch and a micro-batch with its gradients, and what an update records, against what there is.</summary>
    private SelfCheckResult Memory()
    {
        using var scope = NewDisposeScope();
        using var process = Process.GetCurrentProcess();
        var state = policy.StateShape.Aggregate(1L, (product, side) => product * side);
        var condition = encoded.Of([prompts[0]]).numel();
        var recorded = config.KlCoefficient > 0 ? 3 : 2; // states, next states and the base model's means
        var floats = config.ImagesPerUpdate * (recorded * policy.ScoredSteps.Count * state + condition);
        var predicted = process.PeakWorkingSet64 + floats * sizeof(float);
        var available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        return new(
            "main memory suffices", predicted <= available, $"about {Gigabytes(predicted)} predicted, {Gigabytes(available)} available",
            "lower microBatch, samplingBatch or imagesPerUpdate");
    }

    private static string Gigabytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.00} GB");

    /// <summary>Largest |log p| difference between collection, with merged scratch weights, and training, which merges in the graph; per latent dimension.</summary>
    private double LargestDifference(CancellationToken stop)
    {
        using var trajectory = Sample(Math.Max(config.SamplingBatch, config.MicroBatch), stop);
        using var noGrad = no_grad();
        var largest = 0.0;
        foreach (var rows in Enumerable.Range(0, trajectory.Count).Chunk(config.MicroBatch))
        {
            for (var i = 0; i < policy.ScoredSteps.Count; i++)
            {
                stop.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                var logProb = PolicyGradient.LogProb(policy, trajectory, rows, i, LogProbReduction.Mean);
                var collected = trajectory.LogProbs.narrow(0, rows[0], rows.Length).select(1, i);
                largest = Math.Max(largest, (logProb - collected).abs().max().ToNumber());
            }
        }

        return largest;
    }

    /// <summary>Takes one step on a micro-batch with advantages +1 and -1.</summary>
    private (double Norm, int Strays) TakeStep(CancellationToken stop)
    {
        using var trajectory = Sample(config.MicroBatch, stop);
        using var adam = new Adam(weights.Parameters(), config.LearningRate);
        var rows = Enumerable.Range(0, trajectory.Count).ToArray();
        var settings = new PpoSettings(config.ClipRange, config.AdvantageClip, LogProbReduction.Mean, 1);
        adam.ZeroGrad();
        PolicyGradient.Accumulate(policy, trajectory, rows, Array.ConvertAll(rows, row => row % 2 == 0 ? 1f : -1f), trajectory.Count, settings);
        var norm = GradientNorm.Clip(adam.Parameters, double.PositiveInfinity);
        var strays = network.parameters().Count(parameter => parameter.grad is not null);
        adam.Step();
        adam.ZeroGrad();
        return (norm, strays);
    }

    /// <summary>Pictures as those of the first update, but for their prompts, sampled in batches no larger than there.</summary>
    private Trajectory Sample(int count, CancellationToken stop)
    {
        using var merged = weights.Merge();
        using var scope = NewDisposeScope();
        var items = Enumerable.Range(0, count).Select(index => new RolloutItem(
            prompts[index / config.ImagesPerPrompt % prompts.Count], TrainingNoise.Of(config, policy.ScoredSteps[0], update: 0, index)));
        var parts = new List<Trajectory>();
        try
        {
            foreach (var batch in items.Chunk(config.SamplingBatch))
            {
                stop.ThrowIfCancellationRequested();
                parts.Add(RolloutCollector.Collect(policy, batch, encoded.Of([.. batch.Select(item => item.Prompt)]), LogProbReduction.Mean, policyVersion: 0));
            }
        }
        catch
        {
            parts.ForEach(part => part.Dispose());
            throw;
        }

        return Trajectory.Concatenate(parts);
    }

    private void Restore(Tensor[] initial)
    {
        using var noGrad = no_grad();
        foreach (var (value, index) in weights.Parameters().Select((entry, index) => (entry.Value, index)))
            value.copy_(initial[index]);
    }
}
