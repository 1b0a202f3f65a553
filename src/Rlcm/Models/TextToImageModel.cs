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
    // Pixels decoded at once. On two cores eight pictures of 64x64: 64 at once fall out of the caches and take nearly three times as long.
    private const long DecodedOnCpu = 8 * 64 * 64;
    private const long DecodedOnGpu = 512 * 512;
    private const string PositionIds = "text_model.embeddings.position_ids"; // a buffer that old versions of transformers save; no weight

    /// <summary>Puts the parts together.</summary>
    /// <exception cref="UserErrorException">They are of different models.</exception>
    public TextToImageModel(ClipTokenizer tokenizer, ClipTextModel textEncoder, UNet2DConditionModel unet, AutoencoderKL vae, SchedulerConfig scheduler)
    {
        ModelParts.RequireFit(tokenizer, textEncoder.Config, "text-to-image model");
        ModelParts.RequireFit(textEncoder.Config, unet.Config, vae.Config, "text-to-image model");
        (Tokenizer, TextEncoder, Unet, BaseUnet, Vae, Scheduler) = (tokenizer, textEncoder, unet, unet, vae, scheduler);
    }

    /// <summary>Text to token ids.</summary>
    public ClipTokenizer Tokenizer { get; }

    /// <summary>Token ids to text embeddings.</summary>
    public ClipTextModel TextEncoder { get; }

    /// <summary>Predicts noise: <see cref="BaseUnet"/>, or the one that <see cref="UseUnet"/> lets stand in for it.</summary>
    public UNet2DConditionModel Unet { get; private set; }

    /// <summary>The U-Net of the model itself.</summary>
    public UNet2DConditionModel BaseUnet { get; }

    /// <summary>Latents to pictures and back.</summary>
    public AutoencoderKL Vae { get; }

    /// <summary>The noise schedule and which kind of model this is.</summary>
    public SchedulerConfig Scheduler { get; }

    /// <summary>How it is best sampled.</summary>
    public GenerationConfig Generation { get; init; } = new();

    /// <summary>Into which tiles latents are cut to decode them; null: they are decoded whole.</summary>
    public Tiling? Tiling { get; set; }

    /// <summary><see cref="WeightsHash"/> of the U-Net as it was loaded: which base model this is.</summary>
    public string UnetSha256 => field ??= WeightsHash.Sha256(BaseUnet);

    /// <summary>Whether this is a latent consistency model with an embedded guidance scale.</summary>
    public bool HasGuidanceEmbedding => Unet.Config.TimeCondProjDim is not null;

    /// <summary>Loads a folder with <c>unet/</c>, <c>vae/</c>, <c>text_encoder/</c>, <c>tokenizer/</c> and <c>scheduler/</c>; weights are frozen, in 32-bit floats.</summary>
    /// <param name="folder">In any of the forms of <see cref="WeightFiles"/>.</param>
    /// <param name="lcmLora">An LCM-LoRA that makes a diffusion model a consistency model, see <see cref="LcmLora"/>; null for none.</param>
    /// <exception cref="UserErrorException">Something is missing, damaged or not supported.</exception>
    public static TextToImageModel Load(string folder, string? lcmLora = null)
    {
        var parts = ModelFolder.Open(folder);
        NativeTorch.Tune();
        using var scope = NewDisposeScope(); // TorchSharp's convolutions leave a handle behind that would keep their weights after the model
        var (textConfig, unetConfig) = (ClipTextConfig.Read(parts.TextEncoder.ConfigPath), UNet2DConditionConfig.Read(parts.Unet.ConfigPath));
        parts.TextEncoder.RequireWeights(textConfig.LeastWeights);
        parts.Unet.RequireWeights(unetConfig.LeastWeights);
        var textEncoder = new ClipTextModel(textConfig);
        var unet = new UNet2DConditionModel(unetConfig);
        var tokenizer = ClipTokenizer.FromFolder(parts.Tokenizer);
        var scheduler = lcmLora is null ? SchedulerConfig.Read(parts.SchedulerPath) : SchedulerConfig.ReadNoise(parts.SchedulerPath);
        if (lcmLora is not null)
            LcmLora.RequireDiffusionModel(unet.Config, scheduler);
        ModelParts.RequireFit(tokenizer, textEncoder.Config, folder);
        ModelParts.RequireFit(textEncoder.Config, unet.Config, AutoencoderKLConfig.Read(parts.Vae.ConfigPath), folder);
        parts.TextEncoder.Load(textEncoder, CurrentTextName);
        parts.Unet.Load(unet, key => key);
        var vae = VaeFolder.Load(parts.Vae.Folder);
        if (lcmLora is not null)
            scheduler = LcmLora.FuseInto(unet, scheduler, lcmLora);
        var model = new TextToImageModel(tokenizer, textEncoder, unet, vae, scheduler)
        {
            Generation = lcmLora is null ? GenerationConfig.Read(folder) : LcmLora.Generation,
        };
        model.Freeze();
        return model;
    }

    /// <summary>Today's name of a weight of the text encoder; null for what is none.</summary>
    internal static string? CurrentTextName(string key) => key == PositionIds ? null : key;

    /// <summary>Writes the whole folder in diffusers' layout; weights as <paramref name="dtype"/>.</summary>
    /// <param name="folder">Made or replaced as a whole, by <see cref="AtomicFolder.Replace"/>.</param>
    /// <param name="dtype">Type of the stored weights.</param>
    /// <param name="tokenizerFolder">Where the tokenizer's files are copied from.</param>
    /// <param name="merged">Adapters of the U-Net that become part of its weights in the folder; the model itself stays as it is.</param>
    /// <exception cref="UserErrorException">A weight is beyond what <paramref name="dtype"/> can hold.</exception>
    /// <exception cref="FileContentException">A file of the tokenizer is a link out of its folder: what lies there would be copied and perhaps published.</exception>
    public void Save(string folder, ScalarType dtype, string tokenizerFolder, LoraAdapters? merged = null) =>
        SaveWith(merged is null ? PendingTensor.Of(Unet) : MergedWeights.Of(Unet, merged), SafetensorsWriter.PyTorch, folder, dtype, tokenizerFolder);

    /// <summary>As <see cref="Save"/>, with all weights of the U-Net as given.</summary>
    /// <param name="unet">They.</param>
    /// <param name="metadata">Of the file that holds them.</param>
    /// <param name="folder">As there.</param>
    /// <param name="dtype">As there.</param>
    /// <param name="tokenizerFolder">As there.</param>
    internal void SaveWith(IEnumerable<PendingTensor> unet, IReadOnlyDictionary<string, string> metadata, string folder, ScalarType dtype, string tokenizerFolder)
    {
        RequireCopyable(tokenizerFolder);
        AtomicFolder.Replace(folder, parts => Write(parts, unet, metadata, dtype, tokenizerFolder));
    }

    /// <summary>Makes sure that <see cref="Save"/> can copy a tokenizer's files.</summary>
    /// <exception cref="FileContentException">One is a link out of its folder.</exception>
    internal static void RequireCopyable(string tokenizerFolder)
    {
        if (Directory.GetFiles(tokenizerFolder).FirstOrDefault(file => !ContainedFile.IsInside(tokenizerFolder, file)) is { } link)
            throw new FileContentException(link, null, $"{link} is a link out of the tokenizer's folder, expected a file, since it is copied into the new model; put the file there, or leave it out.");
    }

    private void Write(string folder, IEnumerable<PendingTensor> unet, IReadOnlyDictionary<string, string> metadata, ScalarType dtype, string tokenizerFolder)
    {
        var parts = ModelFolder.At(folder);
        VaeFolder.Save(Vae, parts.Vae.Folder, dtype);
        ModelJson.Write(parts.Unet.ConfigPath, Unet.Config.ToJson());
        SafetensorsWriter.Write(parts.Unet.WeightsPath, unet, metadata, dtype);
        ModelJson.Write(parts.TextEncoder.ConfigPath, TextEncoder.Config.ToJson());
        ModelWeights.Save(TextEncoder, parts.TextEncoder.WeightsPath, dtype);
        ModelJson.Write(parts.SchedulerPath, Scheduler.ToJson());
        Directory.CreateDirectory(parts.Tokenizer);
        foreach (var file in Directory.GetFiles(tokenizerFolder))
            File.Copy(file, Path.Combine(parts.Tokenizer, Path.GetFileName(file)));
        Generation.Write(folder);
        ModelJson.Write(Path.Combine(folder, ModelFolder.IndexFile), ModelIndex.Of(Scheduler, Unet.Config));
    }

    /// <summary>Text embeddings of prompts, [N, S, D] Float32.</summary>
    public Tensor EncodePrompts(IReadOnlyList<string> prompts)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return TextEncoder.forward(Tokenizer.Encode(prompts).to(TextEncoder.parameters().First().device)).to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    /// <summary>Decodes scaled latents [N, C, h, w] to 8-bit pictures, a few at a time.</summary>
    public ImageBatch Decode(Tensor latents)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var pixels = latents.shape[2] * latents.shape[3] * Vae.Config.SpatialFactor * Vae.Config.SpatialFactor;
        var atOnce = Math.Max(1, (latents.device_type == DeviceType.CPU ? DecodedOnCpu : DecodedOnGpu) / pixels);
        return ImageBatch.Concatenate([.. latents.split(atOnce).Select(few =>
        {
            using var portion = NewDisposeScope();
            return DecodePixels(few).ToImages();
        })]);
    }

    /// <summary>Decodes scaled latents [N, C, h, w] to pictures [N, 3, h f, w f], about -1..1 and not clamped, all at once.</summary>
    internal Tensor DecodePixels(Tensor latents)
    {
        using var scope = NewDisposeScope();
        var unscaled = latents / Kept(Vae.Config.ScalingFactor);
        var pixels = Tiling is { } tiling ? TiledDecoding.Decode(Vae.Decode, unscaled, Vae.Config.SpatialFactor, tiling) : Vae.Decode(unscaled);
        return pixels.MoveToOuterDisposeScope();
    }

    /// <summary>Lets <paramref name="unet"/>, of the same architecture, predict noise until the result is disposed, then again the one before.</summary>
    internal IDisposable UseUnet(UNet2DConditionModel unet) => new UnetInUse(this, unet);

    /// <summary>Moves all networks to a device; text encoder and U-Net in its numbers, the autoencoder, which overflows in 16 bits, in 32.</summary>
    public void MoveTo(ComputeTarget target)
    {
        if (target.Dtype != ScalarType.Float32)
            _ = UnetSha256;
        TextEncoder.to(target.Dtype).to(target.Device); // in this order, the GPU never holds the larger numbers
        BaseUnet.to(target.Dtype).to(target.Device);
        Vae.to(target.Device);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        TextEncoder.Dispose();
        BaseUnet.Dispose();
        Vae.Dispose();
    }

    /// <summary>Weights need no gradient and outlive all scopes.</summary>
    private void Freeze()
    {
        foreach (var network in (nn.Module[])[TextEncoder, BaseUnet, Vae])
            network.Freeze();
    }

    private sealed class UnetInUse : IDisposable
    {
        private readonly TextToImageModel _model;
        private readonly UNet2DConditionModel _before;

        public UnetInUse(TextToImageModel model, UNet2DConditionModel unet)
        {
            (_model, _before) = (model, model.Unet);
            model.Unet = unet;
        }

        public void Dispose() => _model.Unet = _before;
    }
}
