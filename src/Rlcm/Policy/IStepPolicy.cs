using Rlcm.Imaging;
using static TorchSharp.torch;

namespace Rlcm.Policy;

/// <summary>
/// A generative model seen as a policy over a short episode: H steps, each a Gaussian around a mean that the network computes.
/// The trainer knows nothing else of the model.
/// </summary>
public interface IStepPolicy
{
    /// <summary>H, the number of steps.</summary>
    int Horizon { get; }

    /// <summary>Indices of the steps whose log-probability is trained, in order.</summary>
    IReadOnlyList<int> ScoredSteps { get; }

    /// <summary>Shape of one state, without the batch.</summary>
    IReadOnlyList<long> StateShape { get; }

    /// <summary>How often the network is evaluated for one picture at one step: twice with classifier-free guidance.</summary>
    int EvaluationsPerStep => 1;

    /// <summary>What the network needs to know of prompts, [N, ...]; computed once per prompt.</summary>
    Tensor Encode(IReadOnlyList<string> prompts);

    /// <summary>The first states made of standard normal noise [B, ...].</summary>
    Tensor Start(Tensor noise);

    /// <summary>The network's output at step <paramref name="step"/>; differentiable in the policy's weights. Each row depends on the rows of the same index alone.</summary>
    /// <param name="states">[B, ...].</param>
    /// <param name="step">0..H-1.</param>
    /// <param name="condition">Rows of <see cref="Encode"/>, [B, ...].</param>
    PolicyOutput Evaluate(Tensor states, int step, Tensor condition);

    /// <summary>Whether noise is added to the mean of step <paramref name="step"/>.</summary>
    bool IsNoised(int step);

    /// <summary>
    /// Whether a picture to train on is decoded from the state after the last step, noise included; others are always decoded from the last
    /// step's <see cref="PolicyOutput.Sample"/>.
    /// </summary>
    bool DecodesNoise { get; }

    /// <summary>Standard deviation of the transition of step <paramref name="step"/>; positive where the step is scored.</summary>
    double Std(int step);

    /// <summary>Pictures of final samples [B, ...].</summary>
    ImageBatch Decode(Tensor samples);
}

/// <summary>What a step computes.</summary>
/// <param name="Sample">The final sample as predicted from here, [B, ...]; that of the last step is decoded.</param>
/// <param name="Mean">Mean of the next state, [B, ...].</param>
public readonly record struct PolicyOutput(Tensor Sample, Tensor Mean);
