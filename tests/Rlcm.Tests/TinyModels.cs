using Rlcm.Models;
using Rlcm.Models.Clip;
using Rlcm.Models.Unet;
using Rlcm.Models.Vae;
using Rlcm.Pretraining;

namespace Rlcm.Tests;

/// <summary>Complete models of a few thousand random weights, 16x16 pictures, as a folder in diffusers' layout.</summary>
internal static class TinyModels
{
    public static readonly string[] Prompts = ["a flat cat", "a 3d dog", "a noto fox", "a twemoji owl"];

    public static readonly AutoencoderKLConfig Vae = new() { BlockOutChannels = [8, 8, 8], LayersPerBlock = 1, NormNumGroups = 4, SampleSize = 16, ScalingFactor = 0.5 };

    /// <summary>A U-Net on latents [4, 4, 4], with or without a guidance embedding.</summary>
    public static UNet2DConditionConfig Unet(bool guided) => new()
    {
        InChannels = 4,
        OutChannels = 4,
        SampleSize = 4,
        BlockOutChannels = [8, 16],
        DownBlockTypes = ["CrossAttnDownBlock2D", "DownBlock2D"],
        UpBlockTypes = ["UpBlock2D", "CrossAttnUpBlock2D"],
        LayersPerBlock = 1,
        AttentionHeads = [2, 2],
        CrossAttentionDim = 8,
        NormNumGroups = 4,
        TimeCondProjDim = guided ? 16 : null,
    };

    /// <summary>Writes a tiny model into <paramref name="folder"/>: a consistency model, or a diffusion model without guidance embedding.</summary>
    public static string Write(string folder, string scheduler = SchedulerConfig.Lcm, int width = 16)
    {
        using var scope = TorchSharp.torch.NewDisposeScope();
        var tokenizerFolder = Directory.CreateDirectory($"{folder}.tokenizer").FullName;
        BpeTrainer.Write(tokenizerFolder, BpeTrainer.Learn(Prompts, mergeCount: 20, minimumCount: 1), maxLength: 8);
        var tokenizer = ClipTokenizer.FromFolder(tokenizerFolder);
        var text = new ClipTextModel(new()
        {
            VocabularySize = tokenizer.VocabularySize,
            HiddenSize = 8,
            IntermediateSize = 16,
            Layers = 1,
            Heads = 2,
            MaxPositions = 8,
            StartId = (int)tokenizer.StartId,
            EndId = (int)tokenizer.EndId,
        });
        var unet = new UNet2DConditionModel(Unet(guided: scheduler == SchedulerConfig.Lcm) with { BlockOutChannels = [8, width] });
        var vae = new AutoencoderKL(Vae);
        foreach (var (network, seed) in ((TorchSharp.torch.nn.Module, ulong)[])[(text, 1), (unet, 2), (vae, 3)])
            WeightInitializer.Initialize(network, seed);
        using var model = new TextToImageModel(tokenizer, text, unet, vae, new() { ClassName = scheduler }) { Generation = new(4, 4) };
        model.Save(folder, TorchSharp.torch.ScalarType.Float32, tokenizerFolder);
        Directory.Delete(tokenizerFolder, recursive: true);
        return folder;
    }
}
