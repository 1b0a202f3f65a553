using Rlcm.Checkpoints;
using Rlcm.Models.Lora;
using Rlcm.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Rlcm.Models.Unet;

/// <summary>
/// All weights of a U-Net in training, as in Black et al. 2024 (ddpo-pytorch with <c>use_lora: False</c>): a copy of a model's U-Net, which
/// predicts noise in its place.
/// </summary>
public sealed class TunedUnet : ITrainedWeights
{
    private readonly TextToImageModel _model;
    private readonly string _tokenizerFolder;
    private readonly UNet2DConditionModel _unet;
    private readonly IDisposable _use;

    /// <summary>Copies the U-Net of <paramref name="model"/>, on its device.</summary>
    /// <param name="model">The model, in 32-bit floats: Adam's steps are lost in half precision.</param>
    /// <param name="tokenizerFolder">The tokenizer's files, which every model that is written gets.</param>
    /// <exception cref="ArgumentException">The model is of half precision.</exception>
    /// <exception cref="FileContentException">The tokenizer's files cannot be copied into a model.</exception>
    public TunedUnet(TextToImageModel model, string tokenizerFolder)
    {
        TextToImageModel.RequireCopyable(tokenizerFolder);
        (_model, _tokenizerFolder) = (model, tokenizerFolder);
        _unet = Copy(model.BaseUnet);
        _use = model.UseUnet(_unet);
    }

    /// <inheritdoc/>
    public string Name => "U-Net";

    /// <inheritdoc/>
    public IEnumerable<(string Name, Parameter Value)> Parameters() => _unet.named_parameters();

    /// <summary>There is nothing to merge.</summary>
    public IDisposable Merge() => _model.UseUnet(_unet);

    /// <inheritdoc/>
    public IDisposable UseBase() => _model.UseUnet(_model.BaseUnet);

    /// <summary>Writes the whole model in diffusers' layout, with this U-Net in it, in 32-bit floats.</summary>
    public void Save(string folder, AdapterProvenance provenance, Func<string, Tensor>? stored = null) => _model.SaveWith(
        PendingTensor.Of(_unet).Select(weight => stored is null ? weight : weight with { Make = () => stored(weight.Key) }),
        provenance.ToMetadata(SafetensorsWriter.PyTorch),
        folder,
        ScalarType.Float32,
        _tokenizerFolder);

    /// <summary>Lets the model be its base again.</summary>
    public void Dispose()
    {
        _use.Dispose();
        _unet.Dispose();
    }

    private static UNet2DConditionModel Copy(UNet2DConditionModel source)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var copy = new UNet2DConditionModel(source.Config) { GradientCheckpointing = source.GradientCheckpointing };
        copy.to(source.parameters().First().device);
        copy.eval();
        foreach (var ((name, target), (_, value)) in copy.named_parameters().Zip(source.named_parameters()))
        {
            if (value.dtype != target.dtype)
                throw new ArgumentException($"{name} is {value.dtype}, expected {target.dtype}.", nameof(source));
            target.copy_(value);
            target.DetachFromDisposeScope();
        }

        return copy;
    }
}
