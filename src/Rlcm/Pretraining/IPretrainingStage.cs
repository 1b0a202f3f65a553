using Rlcm.Imaging;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Rlcm.Pretraining;

/// <summary>One network being trained from pictures: what <see cref="PretrainingLoop"/> needs to know of it.</summary>
public interface IPretrainingStage : IDisposable
{
    /// <summary>Short name, such as <c>vae</c>.</summary>
    string Name { get; }

    /// <summary>The weights being trained, each with its exponential moving average, which is what is sampled and saved.</summary>
    IReadOnlyList<TrainedWeight> Weights { get; }

    /// <summary>The loss of batch number <paramref name="step"/>, a scalar with gradient. Everything random in it is addressed by the step.</summary>
    Tensor Loss(long step);

    /// <summary>Pictures that show the state of the averaged weights; always the same inputs.</summary>
    ImageBatch Samples();

    /// <summary>Writes the averaged weights as a model folder.</summary>
    void Save(string folder);
}

/// <summary>A weight and its moving average.</summary>
/// <param name="Name">Key in checkpoints.</param>
/// <param name="Value">The weight the optimizer moves.</param>
/// <param name="Average">Its exponential moving average, of the same shape.</param>
public readonly record struct TrainedWeight(string Name, Parameter Value, Tensor Average);
