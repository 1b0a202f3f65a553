namespace Rlcm.Training;

/// <summary>Where a reward's baseline comes from.</summary>
public enum AdvantageKind
{
    /// <summary>Running mean and standard deviation of each prompt (<see cref="PerPromptStatTracker"/>), as released.</summary>
    PerPrompt,

    /// <summary>The other images of the same prompt in this update (<see cref="LeaveOneOutAdvantage"/>).</summary>
    Grouped,
}

/// <summary>How the learning rate changes over the updates.</summary>
public enum LearningRateDecay
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>lr (1 - u / (3 U)) in update u = 1..U: linear, ending at two thirds, as the released RLCM code.</summary>
    Linear,
}

/// <summary>Where the networks run.</summary>
public enum ComputeDevice
{
    /// <summary>The processor.</summary>
    Cpu,

    /// <summary>The first NVIDIA GPU; needs a build with <c>-p:LibTorch=cuda</c>.</summary>
    Cuda,
}
