using Rlcm.Checkpoints;
using Rlcm.Imaging;
using Rlcm.Models.Clip;
using Rlcm.Models.Lora;
using Rlcm.Models.Unet;
using Rlcm.Models.Vae;
using Rlcm.Runtime;
using TorchSharp;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;

namespace Rlcm.Models;

/// <summary>A text-to-image model in diffusers' layout: text encoder, U-Net and autoencoder with their tokenizer and noise schedule.</summary>
public sealed class TextToImageModel : IDisposable
{
    private const int DecodingBatch = 8; // pictures; of 64x64 ones on two cores, 64 at once fall out of the caches and take nearly three times as long
    private const string PositionIds = "text_model.embeddings.position_ids"; // a buffer that old versions of transformers save; no weight

    /// <summary>Puts the parts together.</summary>
    /// <exception cref="UserErrorException">They are of different models.</exception>
    public TextToImageModel(ClipTokenizer tokenizer, ClipTextModel textEncoder, UNet2DConditionModel unet, AutoencoderKL vae, SchedulerConfig scheduler)
    {
        ModelParts.RequireFit(tokenizer, textEncoder.Config, "text-to-image model");
        ModelParts.RequireFit(textEncoder.Config, unet.Config, vae.Config, "text-to-image model");
        (Tokenizer, TextEncoder, Unet, Vae, Scheduler) = (tokenizer, textEncoder, unet, vae, scheduler);
    }

    /// <summary>Text to token ids.</summary>
    public ClipTokenizer Tokenizer { get; }

    /// <summary>Token ids to text embeddings.</summary>
    public ClipTextModel TextEncoder { get; }

    /// <summary>Predicts noise.</summary>
    public UNet2DConditionModel Unet { get; }

    /// <summary>Latents to pictures and back.</summary>
    public AutoencoderKL Vae { get; }

    /// <summary>The noise schedule and which kind of model this is.</summary>
    public SchedulerConfig Scheduler { get; }

    /// <summary>How it is best sampled.</summary>
    public GenerationConfig Generation { get; init; } = new();

    /// <summary>Whether this is a latent consistency model with an embedded guidance scale.</summary>
    public bool HasGuidanceEmbedding => Unet.Config.TimeCondProjDim is not null;

    /// <summary>Loads a folder with <c>unet/</c>, <c>vae/</c>, <c>text_encoder/</c>, <c>tokenizer/</c> and <c>scheduler/</c>; weights are frozen, in 32-bit floats.</summary>
    /// <exception cref="UserErrorException">Something is missing, damaged or not supported.</exception>
    public static TextToImageModel Load(string folder)
    {
        var parts = ModelFolder.Open(folder);
        NativeTorch.DisableNnpack();
        using var scope = NewDisposeScope(); // TorchSharp's convolutions leave a handle behind that would keep their weights after the model
        var textEncoder = new ClipTextModel(ClipTextConfig.Read(parts.TextEncoder.ConfigPath));
        var unet = new UNet2DConditionModel(UNet2DConditionConfig.Read(parts.Unet.ConfigPath));
        var tokenizer = ClipTokenizer.FromFolder(parts.Tokenizer);
        var scheduler = SchedulerConfig.Read(parts.SchedulerPath);
        ModelParts.RequireFit(tokenizer, textEncoder.Config, folder);
        ModelParts.RequireFit(textEncoder.Config, unet.Config, AutoencoderKLConfig.Read(parts.Vae.ConfigPath), folder);
        parts.TextEncoder.Load(textEncoder, key => key == PositionIds ? null : key);
        parts.Unet.Load(unet, key => key);
        var model = new TextToImageModel(tokenizer, textEncoder, unet, VaeFolder.Load(parts.Vae.Folder), scheduler)
        {
            Generation = GenerationConfig.Read(folder),
        };
        model.Freeze();
        return model;
    }

    /// <summary>Writes the whole folder in diffusers' layout; weights as <paramref name="dtype"/>.</summary>
    /// <param name="folder">Made or replaced as a whole, by <see cref="AtomicFolder.Replace"/>.</param>
    /// <param name="dtype">Type of the stored weights.</param>
    /// <param name="tokenizerFolder">Where the tokenizer's files are copied from.</param>
    /// <param name="merged">Adapters of the U-Net that become part of its weights in the folder; the model itself stays as it is.</param>
    /// <exception cref="UserErrorException">A weight is beyond what <paramref name="dtype"/> can hold.</exception>
    public void Save(string folder, ScalarType dtype, string tokenizerFolder, LoraAdapters? merged = null) =>
        AtomicFolder.Replace(folder, parts => Write(parts, dtype, tokenizerFolder, merged));

    private void Write(string folder, ScalarType dtype, string tokenizerFolder, LoraAdapters? merged)
    {
        var parts = ModelFolder.At(folder);
        VaeFolder.Save(Vae, parts.Vae.Folder, dtype);
        ModelJson.Write(parts.Unet.ConfigPath, Unet.Config.ToJson());
        if (merged is null)
            ModelWeights.Save(Unet, parts.Unet.WeightsPath, dtype);
        else
            MergedWeights.Save(Unet, merged, parts.Unet.WeightsPath, dtype);
        ModelJson.Write(parts.TextEncoder.ConfigPath, TextEncoder.Config.ToJson());
        ModelWeights.Save(TextEncoder, parts.TextEncoder.WeightsPath, dtype);
        ModelJson.Write(parts.SchedulerPath, Scheduler.ToJson());
        Directory.CreateDirectory(parts.Tokenizer);
        foreach (var file in Directory.GetFiles(tokenizerFolder))
            File.Copy(file, Path.Combine(parts.Tokenizer, Path.GetFileName(file)));
        Generation.Write(folder);
        ModelJson.Write(Path.Combine(folder, ModelFolder.IndexFile), ModelIndex.Of(Scheduler));
    }

    /// <summary>Text embeddings of prompts, [N, S, D].</summary>
    public Tensor EncodePrompts(IReadOnlyList<string> prompts)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return TextEncoder.forward(Tokenizer.Encode(prompts).to(TextEncoder.parameters().First().device)).MoveToOuterDisposeScope();
    }

    /// <summary>Decodes scaled latents [N, C, h, w] to 8-bit pictures.</summary>
    public ImageBatch Decode(Tensor latents)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var portion = latents.device_type == DeviceType.CPU ? DecodingBatch : latents.shape[0];
        return ImageBatch.Concatenate([.. latents.split(portion).Select(part => Vae.Decode(part / Kept(Vae.Config.ScalingFactor)).ToImages())]);
    }

    /// <summary>Moves all networks to <paramref name="device"/>.</summary>
    public void MoveTo(Device device)
    {
        TextEncoder.to(device);
        Unet.to(device);
        Vae.to(device);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        TextEncoder.Dispose();
        Unet.Dispose();
        Vae.Dispose();
    }

    /// <summary>Weights need no gradient and outlive all scopes.</summary>
    private void Freeze()
    {
        foreach (var network in (nn.Module[])[TextEncoder, Unet, Vae])
        {
            network.eval();
            foreach (var parameter in network.parameters())
            {
                parameter.requires_grad = false;
                parameter.DetachFromDisposeScope();
            }
        }
    }
}
