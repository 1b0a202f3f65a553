using Rlcm.Checkpoints;
using Rlcm.Models;
using Rlcm.Models.Clip;
using Rlcm.Models.Unet;
using Rlcm.Models.Vae;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Golden;

/// <summary>The networks against the Python originals: 5e-5 on values of order 1 (golden README).</summary>
public sealed class NetworkTests
{
    private const double Tolerance = 5e-5;

    [Theory, MemberData(nameof(GoldenData.PipelinesWithTensor), "expected/rollout.safetensors", "prompt_embeds", MemberType = typeof(GoldenData))]
    public void The_text_encoder_agrees(string pipeline)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var rollout = SafetensorsFile.Open(GoldenData.InPipeline(pipeline, "expected/rollout.safetensors"));
        var encoder = new ClipTextModel(ClipTextConfig.Read(GoldenData.InPipeline(pipeline, "pipeline/text_encoder/config.json")));
        ModelPart.OfTransformers(GoldenData.InPipeline(pipeline, "pipeline/text_encoder")).Load(encoder, key => key == "text_model.embeddings.position_ids" ? null : key);

        TensorAssert.Close(rollout.Read("prompt_embeds"), encoder.forward(rollout.Read("input_ids")), Tolerance);
    }

    [Theory, MemberData(nameof(GoldenData.PipelinesWithTensor), "expected/rollout.safetensors", "base.model_outputs", MemberType = typeof(GoldenData))]
    public void The_unet_agrees_at_every_step(string pipeline)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var rollout = SafetensorsFile.Open(GoldenData.InPipeline(pipeline, "expected/rollout.safetensors"));
        var unet = new UNet2DConditionModel(UNet2DConditionConfig.Read(GoldenData.InPipeline(pipeline, "pipeline/unet/config.json")));
        ModelPart.OfDiffusers(GoldenData.InPipeline(pipeline, "pipeline/unet")).Load(unet, key => key);

        var states = rollout.Read("base.states");
        var timesteps = rollout.Read("timesteps");
        for (var i = 0; i < timesteps.shape[0]; i++)
        {
            var output = unet.forward(new(states[TensorIndex.Colon, i], timesteps[i].expand(states.shape[0]), rollout.Read("prompt_embeds"), rollout.Read("w_embedding")));
            TensorAssert.Close(rollout.Read("base.model_outputs")[TensorIndex.Colon, i], output, Tolerance);
        }
    }

    [Theory, MemberData(nameof(GoldenData.PipelinesWithTensor), "expected/rollout.safetensors", "vae_input", MemberType = typeof(GoldenData))]
    public void The_encoder_of_the_autoencoder_agrees(string pipeline)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var rollout = SafetensorsFile.Open(GoldenData.InPipeline(pipeline, "expected/rollout.safetensors"));
        var latents = LoadVae(pipeline).Encode(rollout.Read("vae_input"));
        TensorAssert.Close(rollout.Read("vae_mean"), latents.Mean, Tolerance);
        TensorAssert.Close(rollout.Read("vae_logvar"), latents.LogVariance, Tolerance);
    }

    [Theory, MemberData(nameof(GoldenData.PipelinesWithTensor), "expected/rollout.safetensors", "base.image", MemberType = typeof(GoldenData))]
    public void The_decoder_draws_the_base_models_pictures(string pipeline) => CompareDecoded(pipeline, "base.");

    [Theory, MemberData(nameof(GoldenData.PipelinesWithTensor), "expected/rollout.safetensors", "lora.image", MemberType = typeof(GoldenData))]
    public void The_decoder_draws_the_adapted_models_pictures(string pipeline) => CompareDecoded(pipeline, "lora.");

    private static void CompareDecoded(string pipeline, string prefix)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var rollout = SafetensorsFile.Open(GoldenData.InPipeline(pipeline, "expected/rollout.safetensors"));
        var vae = LoadVae(pipeline);
        var denoised = rollout.Read(prefix + "denoised");
        var image = vae.Decode(denoised[TensorIndex.Colon, denoised.shape[1] - 1] / vae.Config.ScalingFactor);
        TensorAssert.Close(rollout.Read(prefix + "image_raw"), image, Tolerance);
        TensorAssert.Close(rollout.Read(prefix + "image"), (image / 2 + 0.5).clamp(0, 1), Tolerance);
    }

    private static AutoencoderKL LoadVae(string pipeline) => VaeFolder.Load(GoldenData.InPipeline(pipeline, "pipeline/vae"));
}
