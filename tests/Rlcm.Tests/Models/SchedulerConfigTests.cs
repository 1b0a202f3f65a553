using System.Text.Json.Nodes;
using Rlcm.Diffusion;
using Rlcm.Evaluation;
using Rlcm.Models;
using Rlcm.Rollouts;
using Rlcm.Runtime;
using Xunit;

namespace Rlcm.Tests.Models;

/// <summary>What is taken from <c>scheduler_config.json</c> and what is refused.</summary>
public sealed class SchedulerConfigTests : IDisposable
{
    // As diffusers saves the scheduler of a consistency model that was converted from Stable Diffusion 1.5.
    private const string Converted = """
        {
          "_class_name": "LCMScheduler", "_diffusers_version": "0.24.0", "beta_end": 0.012, "beta_schedule": "scaled_linear", "beta_start": 0.00085,
          "clip_sample": false, "clip_sample_range": 1.0, "dynamic_thresholding_ratio": 0.995, "num_train_timesteps": 1000,
          "original_inference_steps": 50, "prediction_type": "epsilon", "rescale_betas_zero_snr": false, "sample_max_value": 1.0,
          "set_alpha_to_one": false, "skip_prk_steps": true, "steps_offset": 1, "thresholding": false, "timestep_scaling": 10.0,
          "timestep_spacing": "leading", "trained_betas": null
        }
        """;

    private const string Plain = """{"_class_name": "DDIMScheduler", "beta_end": 0.012, "beta_schedule": "scaled_linear", "beta_start": 0.00085, "clip_sample": false}""";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("models/emoji-lcm", SchedulerConfig.Lcm)]
    [InlineData("models/emoji-teacher", SchedulerConfig.Ddim)]
    public void Those_of_the_embedded_models_are_supported(string model, string expected)
    {
        var config = SchedulerConfig.Read(Path.Combine(ShippedFiles.Require(model, "the model"), "scheduler", "scheduler_config.json"));
        Assert.Equal(new SchedulerConfig { ClassName = expected }, config);
    }

    [Fact]
    public void A_converted_consistency_model_is_supported() =>
        Assert.Equal(new SchedulerConfig { ClassName = SchedulerConfig.Lcm }, Read(Converted));

    [Fact]
    public void What_diffusers_assumes_holds_for_absent_entries() =>
        Assert.Equal(new SchedulerConfig { ClassName = SchedulerConfig.Ddim, StepsOffset = 0, SetAlphaToOne = true }, Read(Plain));

    [Theory]
    [InlineData(Converted, "original_inference_steps", "100", "original_inference_steps = 100 is not supported; supported: 50")]
    [InlineData(Converted, "timestep_scaling", "1.0", "timestep_scaling = 1.0 is not supported; supported: 10")]
    [InlineData(Plain, "timestep_spacing", "\"trailing\"", "timestep_spacing = trailing is not supported; supported: \"leading\"")]
    [InlineData(Plain, "clip_sample", null, "clip_sample is missing, which means true and is not supported; supported: false")]
    [InlineData(Plain, "clip_sample", "true", "clip_sample = True is not supported; supported: false")]
    [InlineData(Plain, "_class_name", "\"EulerDiscreteScheduler\"", "expected LCMScheduler, DDIMScheduler or PNDMScheduler, found EulerDiscreteScheduler")]
    public void What_is_not_supported_is_refused_by_name(string file, string key, string? value, string expected)
    {
        var config = JsonNode.Parse(file)!.AsObject();
        if (value is null)
            config.Remove(key);
        else
            config[key] = JsonNode.Parse(value);
        Assert.Contains(expected, Assert.Throws<FileContentException>(() => Read(config.ToJsonString())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Diffusion_models_are_sampled_with_their_own_offset_and_end()
    {
        var model = TinyModels.Write(_folder["model"], SchedulerConfig.Ddim);
        var released = Sample(model);
        var path = Path.Combine(model, "scheduler", "scheduler_config.json");
        File.WriteAllText(path, File.ReadAllText(path).Replace("\"steps_offset\": 1", "\"steps_offset\": 200", StringComparison.Ordinal));
        var shifted = Sample(model);
        File.WriteAllText(path, File.ReadAllText(path).Replace("\"set_alpha_to_one\": false", "\"set_alpha_to_one\": true", StringComparison.Ordinal));
        Assert.NotEqual(released, shifted);
        Assert.NotEqual(shifted, Sample(model));
    }

    // As diffusers saves that of a fine-tuned Stable Diffusion, shortened.
    private const string OtherSampler = """
        {"_class_name": "DEISMultistepScheduler", "algorithm_type": "deis", "solver_order": 2, "beta_end": 0.012, "beta_schedule": "scaled_linear",
        "beta_start": 0.00085, "clip_sample": false, "num_train_timesteps": 1000, "prediction_type": "epsilon", "timestep_spacing": "trailing", "trained_betas": null}
        """;

    [Fact]
    public void Below_an_LCM_LoRA_any_sampler_will_do()
    {
        Assert.Contains("found DEISMultistepScheduler", Assert.Throws<FileContentException>(() => Read(OtherSampler)).Message, StringComparison.Ordinal);
        Assert.Equal(new SchedulerConfig { ClassName = "DEISMultistepScheduler" }, SchedulerConfig.ReadNoise(_folder["scheduler_config.json"]));
    }

    [Fact]
    public void Below_an_LCM_LoRA_the_kind_of_noise_still_counts()
    {
        Assert.Throws<FileContentException>(() => Read(OtherSampler.Replace("\"epsilon\"", "\"v_prediction\"", StringComparison.Ordinal)));
        Assert.Contains("prediction_type = v_prediction is not supported", Assert.Throws<FileContentException>(() => SchedulerConfig.ReadNoise(_folder["scheduler_config.json"])).Message, StringComparison.Ordinal);
    }

    private static byte[] Sample(string folder)
    {
        using var model = TextToImageModel.Load(folder);
        using var sampler = new ModelSampler(model, guidanceScale: 1, seed => RolloutNoise.Sample(1, seed));
        return sampler.Draw(2, ["a flat cat"], [0], CancellationToken.None).Pixels;
    }

    private SchedulerConfig Read(string text)
    {
        File.WriteAllText(_folder["scheduler_config.json"], text);
        return SchedulerConfig.Read(_folder["scheduler_config.json"]);
    }
}
