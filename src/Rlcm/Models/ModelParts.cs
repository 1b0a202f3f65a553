using Rlcm.Models.Clip;
using Rlcm.Models.Unet;
using Rlcm.Models.Vae;
using Rlcm.Runtime;

namespace Rlcm.Models;

/// <summary>Whether the parts of a text-to-image model belong together.</summary>
public static class ModelParts
{
    /// <summary>Checks that the U-Net reads what text encoder and autoencoder make.</summary>
    /// <param name="text">The text encoder's architecture.</param>
    /// <param name="unet">The U-Net's.</param>
    /// <param name="vae">The autoencoder's.</param>
    /// <param name="origin">Where they are from, for the message.</param>
    /// <exception cref="UserErrorException">It does not.</exception>
    public static void RequireFit(ClipTextConfig text, UNet2DConditionConfig unet, AutoencoderKLConfig vae, string origin)
    {
        Require(unet.CrossAttentionDim, text.HiddenSize, "the U-Net's cross_attention_dim", "the text encoder's hidden_size", origin);
        Require(unet.InChannels, vae.LatentChannels, "the U-Net's in_channels", "the autoencoder's latent_channels", origin);
        Require(unet.OutChannels, vae.LatentChannels, "the U-Net's out_channels", "the autoencoder's latent_channels", origin);
    }

    /// <summary>Checks that the text encoder knows all ids and positions of a tokenizer.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="text">The text encoder's architecture.</param>
    /// <param name="origin">Where they are from, for the message.</param>
    /// <exception cref="UserErrorException">It does not.</exception>
    public static void RequireFit(ClipTokenizer tokenizer, ClipTextConfig text, string origin)
    {
        if (tokenizer.VocabularySize > text.VocabularySize)
            throw Misfit($"at most {text.VocabularySize} token ids, the text encoder's vocab_size", $"{tokenizer.VocabularySize} of the tokenizer", origin);
        if (tokenizer.MaxLength > text.MaxPositions)
            throw Misfit($"texts of at most {text.MaxPositions} tokens, the text encoder's max_position_embeddings", $"{tokenizer.MaxLength}, the tokenizer's model_max_length", origin);
    }

    private static void Require(int found, int expected, string name, string counterpart, string origin)
    {
        if (found != expected)
            throw Misfit($"{name} to be {expected}, {counterpart}", $"{found}", origin);
    }

    private static UserErrorException Misfit(string expected, string found, string origin) =>
        new($"{origin}: the parts do not fit together: expected {expected}, found {found}; take all parts from one model.");
}
