using Rlcm.Checkpoints;
using Rlcm.Imaging;
using Rlcm.Models.Clip;
using Rlcm.Rewards;
using Rlcm.Runtime;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Golden;

/// <summary>CLIP, its preprocessing and LAION's head against transformers and Pillow (<c>clip-a</c>).</summary>
public sealed class ClipTests
{
    private const double Tolerance = 5e-5;

    private static readonly string Folder = GoldenData.Shared("clip-a");

    [Fact, NoTensorLeaks]
    public void Prepared_pictures_equal_those_of_Pillow()
    {
        using var scope = NewDisposeScope();
        using var golden = SafetensorsFile.Open(Path.Combine(Folder, "expected.safetensors"));
        var (expected, processor) = (golden.Read("pixel_values"), ClipImageProcessor.Read(Path.Combine(Folder, "clip"), 224));
        var std = tensor(processor.Std.Select(value => (float)value).ToArray()).view(3, 1, 1);
        for (var n = 0; n < 5; n++)
        {
            var found = processor.Process(Picture(n), rounded: true)[0];
            var levels = ((found - expected[n]) * std * 255).abs().max().item<float>();
            Assert.True(levels < 0.01, $"picture {n}: {levels} of 255 levels apart");
        }
    }

    [Fact, NoTensorLeaks]
    public void Embeddings_cosines_and_logits_agree()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var golden = SafetensorsFile.Open(Path.Combine(Folder, "expected.safetensors"));
        using var model = ClipModel.Load(Path.Combine(Folder, "clip"));
        var pictures = model.EmbedPictures(golden.Read("pixel_values"));
        var texts = model.EmbedTexts(golden.Read("input_ids"));
        TensorAssert.Close(golden.Read("image_embeds"), pictures, Tolerance);
        TensorAssert.Close(golden.Read("text_embeds"), texts, Tolerance);
        var cosine = ClipModel.Normalize(pictures).matmul(ClipModel.Normalize(texts).t());
        TensorAssert.Close(golden.Read("cosine"), cosine, Tolerance);
        TensorAssert.Close(golden.Read("logits_per_image"), cosine * model.LogitScale.exp(), Tolerance * model.LogitScale.exp().item<float>());
    }

    [Fact, NoTensorLeaks]
    public void Aesthetic_scores_agree()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var golden = SafetensorsFile.Open(Path.Combine(Folder, "expected.safetensors"));
        using var model = ClipModel.Load(Path.Combine(Folder, "clip"));
        using var head = AestheticHead.Load(Path.Combine(Folder, "sac+logos+ava1-l14-linearMSE.pth"));
        TensorAssert.Close(golden.Read("aesthetic_score"), head.forward(ClipModel.Normalize(model.EmbedPictures(golden.Read("pixel_values")))), Tolerance);
    }

    [Fact]
    public async Task The_aesthetic_reward_scores_files_as_the_originals_do()
    {
        using var golden = SafetensorsFile.Open(Path.Combine(Folder, "expected.safetensors"));
        using var expected = golden.Read("aesthetic_score");
        using var reward = AestheticReward.Load(Path.Combine(Folder, "clip"), Path.Combine(Folder, "sac+logos+ava1-l14-linearMSE.pth"), rounded: true);
        for (var n = 0; n < 5; n++)
            Assert.Equal(expected.data<float>()[n], Assert.Single(await reward.ScoreAsync(Picture(n), ["a fox"], TestContext.Current.CancellationToken)), 5e-5f);
    }

    private static ImageBatch Picture(int n) => PngFile.Read(Path.Combine(Folder, "images", $"{n}.png"));
}
