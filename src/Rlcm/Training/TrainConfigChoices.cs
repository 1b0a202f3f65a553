namespace Rlcm.Training;

/// <summary>What is tuned, and how its sampling is an episode.</summary>
public enum TrainAlgorithm
{
    /// <summary>RLCM: a consistency model, whose few steps are the episode (Oertell et al. 2024).</summary>
    Rlcm,

    /// <summary>DDPO: a diffusion model, whose DDIM steps with noise and classifier-free guidance are the episode (Black et al. 2024).</summary>
    Ddpo,
}

/// <summary>Where a reward's baseline comes from.</summary>
public enum AdvantageKind
{
    /// <summary>Running mean and standard deviation of each prompt (<see cref="PerPromptStatTracker"/>), as released.</summary>
    PerPrompt,

    /// <summary>The other images of the same prompt in this update (<see cref="LeaveOneOutAdvantage"/>).</summary>
    Grouped,
}

/// <summary>What the images of a group have in common besides their prompt.</summary>
public enum GroupNoise
{
    /// <summary>Nothing: every image has noise of its own.</summary>
    Own,

    /// <summary>
    /// All noise before the first scored step. Rewards of a group then differ by what is trained alone, and not by the states that it
    /// started from.
    /// </summary>
    Branched,
}

/// <summary>What a training changes in a model.</summary>
public enum TrainedWeights
{
    /// <summary>Adapters of the layers that <c>loraTargets</c> names (<see cref="Models.Lora.LoraAdapters"/>).</summary>
    Lora,

    /// <summary>All weights of the U-Net (<see cref="Models.Unet.TunedUnet"/>).</summary>
    Unet,
}

/// <summary>How the learning rate changes over the updates.</summary>
public enum LearningRateDecay
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>lr (1 - u / (3 U)) in update u = 1..U: linear, ending at two thirds, as the released RLCM code.</summary>
    Linear,

    /// <summary>lr (1 - (u - 1) / U) in update u = 1..U: the schedule <c>linear</c> of diffusers without its warm-up. A run settles at its end.</summary>
    ToZero,
}
