using Rlcm.Diffusion;

namespace Rlcm.Models;

/// <summary>The <c>scheduler/</c> part of a diffusers folder: which noise schedule the model was trained with.</summary>
public sealed record SchedulerConfig
{
    /// <summary>diffusers' class of a consistency model's scheduler.</summary>
    public const string Lcm = "LCMScheduler";

    /// <summary>diffusers' class of a diffusion model's deterministic scheduler.</summary>
    public const string Ddim = "DDIMScheduler";

    /// <summary>The scheduler of Stable Diffusion 1.5, whose noise schedule serves DDIM as well.</summary>
    private const string Pndm = "PNDMScheduler";

    private const int MostTimesteps = 1 << 16;

    /// <summary>diffusers' class name.</summary>
    public required string ClassName { get; init; }

    /// <summary>The first beta.</summary>
    public double BetaStart { get; init; } = 0.00085;

    /// <summary>The last beta.</summary>
    public double BetaEnd { get; init; } = 0.012;

    /// <summary>How betas run between them.</summary>
    public string BetaSchedule { get; init; } = NoiseSchedule.ScaledLinear;

    /// <summary>Number of timesteps of the training.</summary>
    public int TrainTimesteps { get; init; } = 1000;

    /// <summary>Added to the timesteps of DDIM sampling.</summary>
    public int StepsOffset { get; init; } = 1;

    /// <summary>Whether DDIM sampling ends at a = 1 instead of a_0.</summary>
    public bool SetAlphaToOne { get; init; }

    /// <summary>Whether this is the scheduler of a diffusion model that DDIM can sample.</summary>
    public bool IsDiffusion => ClassName is Ddim or Pndm;

    /// <summary>The signal and noise levels.</summary>
    public NoiseSchedule CreateNoiseSchedule() => NoiseSchedule.FromConfig(BetaStart, BetaEnd, BetaSchedule, TrainTimesteps);

    /// <summary>Reads <c>scheduler/scheduler_config.json</c>.</summary>
    /// <exception cref="Runtime.UserErrorException">The file is missing or damaged, or asks for something that is not supported, which is named.</exception>
    public static SchedulerConfig Read(string path)
    {
        var reader = new ModelConfigReader(path);
        var config = reader.ClassName switch
        {
            Lcm => ReadLcm(reader),
            Ddim => ReadDdim(reader),
            Pndm => ReadPndm(reader),
            _ => throw reader.Wrong("_class_name", $"{Lcm}, {Ddim} or {Pndm}", reader.ClassName),
        };
        config = config.WithNoise(reader);
        reader.Require("thresholding", false);
        reader.Require("clip_sample", false);
        reader.Require("timestep_spacing", "leading");
        reader.Ignore("clip_sample_range", "dynamic_thresholding_ratio", "sample_max_value", "skip_prk_steps");
        reader.Finish();
        return config;
    }

    /// <summary>As <see cref="Read"/> of a diffusion model that an LCM-LoRA will make a consistency model: its sampler, whichever that is, has no say then.</summary>
    /// <exception cref="Runtime.UserErrorException">The file is missing or damaged, or the noise is of a kind that is not supported.</exception>
    public static SchedulerConfig ReadNoise(string path)
    {
        var reader = new ModelConfigReader(path);
        return new SchedulerConfig { ClassName = reader.ClassName }.WithNoise(reader);
    }

    private SchedulerConfig WithNoise(ModelConfigReader reader)
    {
        reader.Require("prediction_type", "epsilon");
        reader.Require("rescale_betas_zero_snr", false);
        reader.Require("trained_betas");
        var schedule = reader.Text("beta_schedule");
        if (schedule != NoiseSchedule.ScaledLinear)
            throw reader.Wrong("beta_schedule", NoiseSchedule.ScaledLinear, schedule);
        var noise = this with
        {
            BetaStart = reader.Number("beta_start"),
            BetaEnd = reader.Number("beta_end"),
            BetaSchedule = schedule,
            TrainTimesteps = reader.Int("num_train_timesteps", 1000, 2, MostTimesteps),
        };
        return noise.BetaStart > 0 && noise.BetaStart <= noise.BetaEnd && noise.BetaEnd < 1
            ? noise
            : throw reader.Wrong("beta_start and beta_end", "0 < beta_start <= beta_end < 1", $"{noise.BetaStart} and {noise.BetaEnd}");
    }

    /// <remarks>diffusers' class has the entries of DDIM too but makes nothing of them; a model converted from Stable Diffusion keeps its own.</remarks>
    private static SchedulerConfig ReadLcm(ModelConfigReader reader)
    {
        reader.Require("original_inference_steps", LcmTimesteps.DefaultOriginSteps);
        reader.Require("timestep_scaling", LcmScheduler.TimestepScaling);
        reader.Ignore("set_alpha_to_one", "steps_offset", "timestep_spacing");
        return new() { ClassName = Lcm };
    }

    private static SchedulerConfig ReadDdim(ModelConfigReader reader)
    {
        reader.RequireStated("clip_sample", fallback: true, supported: false);
        return new() { ClassName = Ddim, StepsOffset = reader.Int("steps_offset", 0, 0, MostTimesteps), SetAlphaToOne = reader.Flag("set_alpha_to_one", true) };
    }

    private static SchedulerConfig ReadPndm(ModelConfigReader reader) =>
        new() { ClassName = Pndm, StepsOffset = reader.Int("steps_offset", 0, 0, MostTimesteps), SetAlphaToOne = reader.Flag("set_alpha_to_one", false) };

    /// <summary>The entries of <c>scheduler/scheduler_config.json</c>, under diffusers' names.</summary>
    public IReadOnlyDictionary<string, object?> ToJson()
    {
        var entries = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["_class_name"] = ClassName,
            ["_diffusers_version"] = "0.27.2",
            ["beta_end"] = BetaEnd,
            ["beta_schedule"] = BetaSchedule,
            ["beta_start"] = BetaStart,
            ["clip_sample"] = false,
            ["num_train_timesteps"] = TrainTimesteps,
            ["prediction_type"] = "epsilon",
            ["set_alpha_to_one"] = SetAlphaToOne,
            ["steps_offset"] = StepsOffset,
            ["timestep_spacing"] = "leading",
        };
        if (ClassName == Lcm)
        {
            entries["original_inference_steps"] = LcmTimesteps.DefaultOriginSteps;
            entries["set_alpha_to_one"] = true;
            entries["steps_offset"] = 0;
            entries["timestep_scaling"] = LcmScheduler.TimestepScaling;
        }

        return entries;
    }
}
