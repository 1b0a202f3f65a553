using Rlcm.Models.Clip;
using Rlcm.Models.Unet;
using Rlcm.Models.Vae;
using TorchSharp;
using Xunit;

namespace Rlcm.Tests.Golden;

/// <summary>Runs alone: the default device is process state.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class OnMetaDevice : ICollectionFixture<OnMetaDevice.MetaDevice>
{
    public const string Name = "meta device";

    /// <summary>Modules built while this lives have shapes but no memory.</summary>
    public sealed class MetaDevice : IDisposable
    {
        private readonly torch.Device _previous = torch.get_default_device();

        public MetaDevice() => torch.set_default_device(torch.META);

        public void Dispose() => torch.set_default_device(_previous);
    }
}

/// <summary>The real models' configurations give exactly the real models' keys and shapes.</summary>
[Collection(OnMetaDevice.Name)]
public sealed class FullSizeKeysTests
{
    [Fact]
    public void The_unet_of_LCM_Dreamshaper_v7() => Compare(
        "lcm-sd15-unet.keys.txt", new UNet2DConditionModel(UNet2DConditionConfig.Read(GoldenData.Shared("full-size/lcm-sd15-unet.config.json"))));

    [Fact]
    public void The_autoencoder_of_Stable_Diffusion() => Compare(
        "sd15-vae.keys.txt", new AutoencoderKL(AutoencoderKLConfig.Read(GoldenData.Shared("full-size/sd15-vae.config.json"))));

    [Fact]
    public void The_text_encoder_CLIP_L14() => Compare(
        "clip-l14-text.keys.txt", new ClipTextModel(ClipTextConfig.Read(GoldenData.Shared("full-size/clip-l14-text.config.json"))),
        ignored: "text_model.embeddings.position_ids");

    /// <summary>The text half of the whole CLIP; its projections and its image half are no part of a text-to-image model.</summary>
    [Fact]
    public void The_text_half_of_CLIP_L14() => Compare(
        "clip-l14.keys.txt", new ClipTextModel(ClipTextConfig.Read(GoldenData.Shared("full-size/clip-l14-text.config.json"))),
        ignored: "text_model.embeddings.position_ids", prefix: "text_model.");

    private static void Compare(string keysFile, torch.nn.Module model, string? ignored = null, string prefix = "")
    {
        var expected = File.ReadLines(GoldenData.Shared($"full-size/{keysFile}"))
            .Where(line => line.Length > 0 && line.StartsWith(prefix, StringComparison.Ordinal) && (ignored is null || !line.StartsWith(ignored, StringComparison.Ordinal)));
        var actual = model.state_dict().Select(weight => $"{weight.Key} [{string.Join(", ", weight.Value.shape)}]");
        Assert.Equal(expected.Order(StringComparer.Ordinal), actual.Order(StringComparer.Ordinal));
    }
}
