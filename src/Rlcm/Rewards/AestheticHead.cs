using Rlcm.Checkpoints;
using Rlcm.Checkpoints.Pickle;
using Rlcm.Models;
using Rlcm.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Rlcm.Rewards;

/// <summary>
/// LAION's aesthetic predictor (Schuhmann 2022, <c>sac+logos+ava1-l14-linearMSE</c>): from CLIP ViT-L/14's embedding of a picture to the mark,
/// about 1 to 10, that people are likely to give it. Linear layers without activations between.
/// </summary>
public sealed class AestheticHead : Module<Tensor, Tensor>
{
    /// <summary>Width of the embeddings, that of CLIP ViT-L/14.</summary>
    public const int EmbeddingSize = 768;

    private readonly Sequential layers;

    private AestheticHead()
        : base(nameof(AestheticHead))
    {
        // The numbers between were dropout, for training only.
        layers = Sequential(("0", Linear(EmbeddingSize, 1024)), ("2", Linear(1024, 128)), ("4", Linear(128, 64)), ("6", Linear(64, 16)), ("7", Linear(16, 1)));
        RegisterComponents();
    }

    /// <summary>[B, 768] embeddings of length 1 to [B] marks.</summary>
    public override Tensor forward(Tensor embeddings)
    {
        using var scope = NewDisposeScope();
        return layers.forward(embeddings).squeeze(1).MoveToOuterDisposeScope();
    }

    /// <summary>Loads the published <c>.pth</c>, or the same weights as safetensors.</summary>
    /// <exception cref="UserErrorException">The file is missing, damaged, or holds other weights.</exception>
    public static AestheticHead Load(string path)
    {
        using var scope = NewDisposeScope();
        using ITensorSource file = WeightFiles.FormOf(path) == WeightForm.Safetensors ? SafetensorsFile.Open(path) : PickleFile.Open(path);
        var head = new AestheticHead();
        if (TensorFit.Mismatch(file, head.state_dict()) is { } mismatch)
            throw new FileContentException(path, null, $"{path} is not the head of LAION's aesthetic predictor for CLIP ViT-L/14: {mismatch}; download sac+logos+ava1-l14-linearMSE.pth.");
        ModelWeights.Load(head, file);
        head.Freeze();
        return head;
    }
}
