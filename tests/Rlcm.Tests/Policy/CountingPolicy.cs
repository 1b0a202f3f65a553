using Rlcm.Imaging;
using Rlcm.Policy;
using static TorchSharp.torch;

namespace Rlcm.Tests.Policy;

/// <summary>Writes down how many states the network is called for.</summary>
internal sealed class CountingPolicy(IStepPolicy policy, Action? onEvaluation = null) : IStepPolicy
{
    /// <summary>Every call, and whether it was made to train.</summary>
    public List<(long Count, bool Trains)> Calls { get; } = [];

    public int Horizon => policy.Horizon;

    public IReadOnlyList<int> ScoredSteps => policy.ScoredSteps;

    public IReadOnlyList<long> StateShape => policy.StateShape;

    public bool DecodesNoise => policy.DecodesNoise;

    public Tensor Encode(IReadOnlyList<string> prompts) => policy.Encode(prompts);

    public Tensor Start(Tensor noise) => policy.Start(noise);

    public bool IsNoised(int step) => policy.IsNoised(step);

    public double Std(int step) => policy.Std(step);

    public ImageBatch Decode(Tensor samples) => policy.Decode(samples);

    public PolicyOutput Evaluate(Tensor states, int step, Tensor condition)
    {
        Calls.Add((states.shape[0], is_grad_enabled()));
        onEvaluation?.Invoke();
        return policy.Evaluate(states, step, condition);
    }
}
