using System.Security.Cryptography;
using Rlcm.Imaging;
using Rlcm.Models.Layers;
using static TorchSharp.torch;

namespace Rlcm.Pretraining;

/// <summary>All pictures of a dataset in memory as bytes, [N, 3, S, S], handed out in batches as floats in -1..1.</summary>
public sealed class PixelStore : IDisposable
{
    private readonly Tensor _pixels; // [N, 3, S, S] uint8, channels-last

    /// <summary>Keeps a copy of <paramref name="images"/>.</summary>
    public PixelStore(ImageBatch images)
    {
        Count = images.Count;
        Sha256 = Convert.ToHexStringLower(SHA256.HashData(images.Pixels));
        using var scope = NewDisposeScope();
        _pixels = tensor(images.Pixels).view(images.Count, images.Height, images.Width, 3).permute(0, 3, 1, 2).DetachFromDisposeScope();
    }

    /// <summary>N.</summary>
    public int Count { get; }

    /// <summary>Hash of all pixels in order.</summary>
    public string Sha256 { get; }

    /// <summary>Pictures <paramref name="indices"/>, [B, 3, S, S] in -1..1, channels-last.</summary>
    public Tensor Batch(ReadOnlySpan<int> indices)
    {
        using var scope = NewDisposeScope();
        var rows = tensor(indices.ToArray(), dtype: ScalarType.Int64);
        return PictureTensor.ToSigned(_pixels.index_select(0, rows)).ToChannelsLast().MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose() => _pixels.Dispose();
}
