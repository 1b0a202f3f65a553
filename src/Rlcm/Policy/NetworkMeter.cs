using Rlcm.Imaging;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlcm.Policy;

/// <summary>A policy that counts how often its network is evaluated, for one picture and one prediction at a time: the currency in which samplers of different lengths compare.</summary>
/// <param name="policy">What is counted.</param>
public sealed class NetworkMeter(IStepPolicy policy) : IStepPolicy
{
    /// <summary>Evaluations without gradient so far: of sampling, and of the base model for the divergence from it.</summary>
    public long Sampling { get; set; }

    /// <summary>Evaluations with a backward pass so far.</summary>
    public long Training { get; set; }

    /// <inheritdoc/>
    public int Horizon => policy.Horizon;

    /// <inheritdoc/>
    public IReadOnlyList<int> ScoredSteps => policy.ScoredSteps;

    /// <inheritdoc/>
    public IReadOnlyList<long> StateShape => policy.StateShape;

    /// <inheritdoc/>
    public int EvaluationsPerStep => policy.EvaluationsPerStep;

    /// <inheritdoc/>
    public bool DecodesNoise => policy.DecodesNoise;

    /// <inheritdoc/>
    public Tensor Encode(IReadOnlyList<string> prompts) => policy.Encode(prompts);

    /// <inheritdoc/>
    public Tensor Start(Tensor noise) => policy.Start(noise);

    /// <inheritdoc/>
    public PolicyOutput Evaluate(Tensor states, int step, Tensor condition)
    {
        var count = states.shape[0] * policy.EvaluationsPerStep;
        if (is_grad_enabled())
            Training += count;
        else
            Sampling += count;
        return policy.Evaluate(states, step, condition);
    }

    /// <inheritdoc/>
    public bool IsNoised(int step) => policy.IsNoised(step);

    /// <inheritdoc/>
    public double Std(int step) => policy.Std(step);

    /// <inheritdoc/>
    public ImageBatch Decode(Tensor samples) => policy.Decode(samples);
}
