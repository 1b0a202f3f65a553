using Rlcm.Checkpoints;
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

    [Theory, MemberData(nameof(GoldenData.PipelinesWith), "expected/rollout.safetensors", MemberType = typeof(GoldenData))]
    public void The_text_encoder_agrees(string pipeline)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var rollout = SafetensorsFile.Open(GoldenData.InPipeline(pipeline, "expected/rollout.safetensors"));
        var encoder = new ClipTextModel(ClipTextConfig.Read(GoldenData.InPipeline(pipeline, "pipeline/text_encoder/config.json")));
        ModelWeights.Load(encoder, GoldenData.InPipeline(pipeline, "pipeline/text_encoder/model.safetensors"),
            new HashSet<string> { "text_model.embeddings.position_ids" });

        TensorAssert.Close(rollout.Read("prompt_embeds"), encoder.forward(rollout.Read("input_ids")), Tolerance);
    }

    [Theory, MemberData(nameof(GoldenData.PipelinesWith), "expected/rollout.safetensors", MemberType = typeof(GoldenData))]
    public void The_unet_agrees_at_every_step(string pipeline)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var rollout = SafetensorsFile.Open(GoldenData.InPipeline(pipeline, "expected/rollout.safetensors"));
        var unet = new UNet2DConditionModel(UNet2DConditionConfig.Read(GoldenData.InPipeline(pipeline, "pipeline/unet/config.json")));
        ModelWeights.Load(unet, GoldenData.InPipeline(pipeline, "pipeline/unet/diffusion_pytorch_model.safetensors"));

        var states = rollout.Read("base.states");
        var timesteps = rollout.Read("timesteps");
        for (var i = 0; i < timesteps.shape[0]; i++)
        {
            var output = unet.forward(new(states[TensorIndex.Colon, i], timesteps[i].expand(states.shape[0]), rollout.Read("prompt_embeds"), rollout.Read("w_embedding")));
            TensorAssert.Close(rollout.Read("base.model_outputs")[TensorIndex.Colon, i], output, Tolerance);
        }
    }

    [Theory, MemberData(nameof(GoldenData.PipelinesWith), "expected/rollout.safetensors", MemberType = typeof(GoldenData))]
    public void The_autoencoder_agrees_both_ways(string pipeline)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var rollout = SafetensorsFile.Open(GoldenData.InPipeline(pipeline, "expected/rollout.safetensors"));
        var vae = new AutoencoderKL(AutoencoderKLConfig.Read(GoldenData.InPipeline(pipeline, "pipeline/vae/config.json")));
        ModelWeights.Load(vae, GoldenData.InPipeline(pipeline, "pipeline/vae/diffusion_pytorch_model.safetensors"));

        var latents = vae.Encode(rollout.Read("vae_input"));
        TensorAssert.Close(rollout.Read("vae_mean"), latents.Mean, Tolerance);
        TensorAssert.Close(rollout.Read("vae_logvar"), latents.LogVariance, Tolerance);

        var denoised = rollout.Read("base.denoised");
        var image = vae.Decode(denoised[TensorIndex.Colon, denoised.shape[1] - 1] / vae.Config.ScalingFactor);
        TensorAssert.Close(rollout.Read("base.image_raw"), image, Tolerance);
        TensorAssert.Close(rollout.Read("base.image"), (image / 2 + 0.5).clamp(0, 1), Tolerance);
    }
}
