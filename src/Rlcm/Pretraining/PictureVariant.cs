using static TorchSharp.torch;

namespace Rlcm.Pretraining;

/// <summary>Altered training pictures and what an autoencoder is to make of them.</summary>
/// <param name="Input">What is encoded, [B, 3, H, W].</param>
/// <param name="Target">What is to be decoded, of the same shape: the input or, where it is flawed, the unaltered pictures.</param>
/// <param name="IsFlaw">Whether the alteration is a flaw to be restored: by the decoder, where an anchor holds the encoder's latents of flawed pictures in place; else by either.</param>
public readonly record struct PictureVariant(Tensor Input, Tensor Target, bool IsFlaw);
