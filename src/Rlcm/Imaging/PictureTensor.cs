using TorchSharp;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;

namespace Rlcm.Imaging;

/// <summary>Between the autoencoder's picture tensors and plain data.</summary>
public static class PictureTensor
{
    /// <summary>Pictures [B, 3, H, W] in -1..1 as 8-bit RGB, clamped and rounded as diffusers' <c>numpy_to_pil</c> does.</summary>
    public static ImageBatch ToImages(this Tensor pictures)
    {
        using var scope = NewDisposeScope();
        var shape = pictures.shape;
        var values = (pictures / Kept(2)).Plus(Kept(0.5)).clamp(Kept(0), Kept(1)).permute(0, 2, 3, 1).cpu().contiguous(); // [B, H, W, 3]
        var bytes = (values * Kept(255)).round().to(ScalarType.Byte);
        return new ImageBatch(bytes.data<byte>().ToArray(), (int)shape[0], (int)shape[2], (int)shape[3])
        {
            Values = values.data<float>().ToArray(),
        };
    }

    /// <summary>8-bit RGB as pictures [B, 3, H, W] in -1..1.</summary>
    public static Tensor ToPictures(this ImageBatch images)
    {
        using var scope = NewDisposeScope();
        var bytes = tensor(images.Pixels).view(images.Count, images.Height, images.Width, 3).permute(0, 3, 1, 2);
        return ToSigned(bytes).contiguous().MoveToOuterDisposeScope();
    }

    /// <summary>0..255 as -1..1.</summary>
    public static Tensor ToSigned(Tensor bytes)
    {
        using var scope = NewDisposeScope();
        return (bytes.to(ScalarType.Float32) / Kept(127.5) - Kept(1)).MoveToOuterDisposeScope();
    }
}
