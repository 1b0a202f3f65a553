using Rlcm.Benchmarks;
using Rlcm.Models.Unet;
using Rlcm.Models.Vae;
using Xunit;

namespace Rlcm.Tests.Benchmarks;

/// <summary>The count by names of weights against one block by block.</summary>
public sealed class FlopCountTests
{
    private const long Tokens = 8;
    private const long TextWidth = 8;
    private const long TimeWidth = 32;

    [Fact]
    public void The_unet_is_counted_block_by_block()
    {
        using var unet = new UNet2DConditionModel(TinyModels.Unet(guided: true));
        var layers = Convolution(4, 8, 3, 16) // conv_in
            + Linear(8, 32, 1) + Linear(16, 8, 1) + Linear(32, 32, 1) // time embedding
            + Resnet(8, 8, 16) + Transformer(8, 16) + Convolution(8, 8, 3, 4) // down, with the downsampler at 2x2
            + Resnet(8, 16, 4)
            + Resnet(16, 16, 4) + Transformer(16, 4) + Resnet(16, 16, 4) // mid
            + Resnet(32, 16, 4) + Resnet(24, 16, 4) + Convolution(16, 16, 3, 16) // up, with the upsampler at 4x4
            + Resnet(24, 8, 16) + Transformer(8, 16) + Resnet(16, 8, 16) + Transformer(8, 16)
            + Convolution(8, 4, 3, 16); // conv_out
        var attention = 3 * Attention(8, 16) + Attention(16, 4);
        Assert.Equal(new FlopCount(3 * layers, 3 * attention), FlopCount.OfUnet(unet, batch: 3, 4, 4, Tokens));

        var before = Convolution(4, 8, 3, 16) + Linear(8, 32, 1) + Linear(16, 8, 1) + Linear(32, 32, 1) + Resnet(8, 8, 16); // nothing trained lies before
        var time = Linear(TimeWidth, 8, 1) * 2 + Linear(TimeWidth, 16, 1) * 5;
        var text = 3 * 2 * Linear(TextWidth, 8, Tokens) + 2 * Linear(TextWidth, 16, Tokens);
        Assert.Equal(new FlopCount(layers - before - time - text, 2 * attention), FlopCount.OfUnetBackward(unet, batch: 1, 4, 4, Tokens));
    }

    [Fact]
    public void Odd_sizes_are_rounded_up_where_they_are_halved()
    {
        using var unet = new UNet2DConditionModel(TinyModels.Unet(guided: false));
        var odd = FlopCount.OfUnet(unet, 1, 5, 5, Tokens).Layers;
        Assert.InRange(odd, FlopCount.OfUnet(unet, 1, 4, 4, Tokens).Layers, FlopCount.OfUnet(unet, 1, 6, 6, Tokens).Layers);
    }

    [Fact]
    public void The_decoder_is_counted_block_by_block()
    {
        using var vae = new AutoencoderKL(TinyModels.Vae);
        double Block(double positions) => 2 * Convolution(8, 8, 3, positions);
        var layers = Convolution(4, 4, 1, 16) + Convolution(4, 8, 3, 16)
            + 2 * Block(16) + 4 * Linear(8, 8, 16) // mid
            + 2 * Block(16) + Convolution(8, 8, 3, 64)
            + 2 * Block(64) + Convolution(8, 8, 3, 256)
            + 2 * Block(256) + Convolution(8, 3, 3, 256);
        Assert.Equal(new FlopCount(2 * layers, 2 * 4.0 * 16 * 16 * 8), FlopCount.OfDecoder(vae, batch: 2, 4, 4));
    }

    private static double Linear(double inputs, double outputs, double positions) => 2 * inputs * outputs * positions;

    private static double Convolution(double inputs, double outputs, double kernel, double positions) => 2 * inputs * outputs * kernel * kernel * positions;

    private static double Resnet(double inputs, double outputs, double positions) =>
        Convolution(inputs, outputs, 3, positions) + Convolution(outputs, outputs, 3, positions) + Linear(TimeWidth, outputs, 1) + (inputs == outputs ? 0 : Linear(inputs, outputs, positions));

    private static double Transformer(double channels, double positions) =>
        8 * Linear(channels, channels, positions) // two projections, four of attn1, two of attn2
        + 2 * Linear(TextWidth, channels, Tokens) + Linear(channels, 8 * channels, positions) + Linear(4 * channels, channels, positions);

    private static double Attention(double channels, double positions) => 4 * positions * positions * channels + 4 * positions * Tokens * channels;
}
