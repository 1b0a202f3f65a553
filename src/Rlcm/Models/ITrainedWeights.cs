using Rlcm.Models.Lora;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Rlcm.Models;

/// <summary>
/// What a training changes: adapters of a model's U-Net, or a whole U-Net in its place. The model computes with it until it is disposed; the
/// weights that the model was loaded with are never written to.
/// </summary>
public interface ITrainedWeights : IDisposable
{
    /// <summary>What is trained, in a word for people.</summary>
    string Name { get; }

    /// <summary>All that an optimizer changes, under the names that checkpoints have: of one type, on the model's device, always the same ones.</summary>
    IEnumerable<(string Name, Parameter Value)> Parameters();

    /// <summary>Prepares the weights, as they are now, for many evaluations without gradients, which they serve until the result is disposed.</summary>
    IDisposable Merge();

    /// <summary>Lets the model compute as it was loaded until the result is disposed, whether weights are merged or not.</summary>
    IDisposable UseBase();

    /// <summary>Writes what people use: an adapter, or a model.</summary>
    /// <param name="folder">Made or replaced as a whole, by <see cref="Runtime.AtomicFolder.Replace"/>.</param>
    /// <param name="provenance">How the weights came to be, for the metadata.</param>
    /// <param name="stored">Other values for all of <see cref="Parameters"/>, by their names, such as those of a checkpoint; null: as they are.</param>
    void Save(string folder, AdapterProvenance provenance, Func<string, Tensor>? stored = null);
}
