using Rlcm.Models;
using Rlcm.Synthetic;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Models;

public sealed class ModelFolderTests
{
    [Fact]
    public void Files_of_weights_are_those_that_loading_reads()
    {
        using var folder = new TemporaryFolder();
        var path = SyntheticModel.Write(folder["model"], SyntheticShape.Tiny, new(ScalarType.Float16) { Variant = "fp16", Shards = 2, ExtraFolders = true });
        File.WriteAllText(Path.Combine(path, "safety_checker", "model.safetensors"), "ignored");
        File.WriteAllText(Path.Combine(path, "unet", "diffusion_pytorch_model.bin"), "safetensors come first");
        Assert.Equal(
            [
                "text_encoder/model", "text_encoder/model-00001-of-00002", "text_encoder/model-00002-of-00002",
                "unet/diffusion_pytorch_model", "unet/diffusion_pytorch_model-00001-of-00002", "unet/diffusion_pytorch_model-00002-of-00002",
                "vae/diffusion_pytorch_model", "vae/diffusion_pytorch_model-00001-of-00002", "vae/diffusion_pytorch_model-00002-of-00002",
            ],
            ModelFolder.Open(path).WeightFiles()
                .Select(file => Path.GetRelativePath(path, file).Replace('\\', '/').Replace(".fp16", "", StringComparison.Ordinal)
                    .Replace(".safetensors.index.json", "", StringComparison.Ordinal).Replace(".safetensors", "", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal));
    }
}
