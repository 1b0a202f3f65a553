namespace Rlcm.Runtime;

/// <summary>
/// What a random number is for: part of its address. The numbers are part of every run's reproducibility: add new ones, never renumber.
/// </summary>
public enum RandomPurpose
{
    /// <summary>Starting latents of an image.</summary>
    InitialNoise = 0,

    /// <summary>Noise of one sampling step of an image.</summary>
    StepNoise = 1,

    /// <summary>Choice of an update's prompts.</summary>
    Prompts = 2,

    /// <summary>Order of minibatches within an update.</summary>
    Shuffle = 3,

    /// <summary>Initial weights of a network.</summary>
    WeightInit = 4,

    /// <summary>Initial weights of an adapter.</summary>
    LoraInit = 5,

    /// <summary>Choice of a training batch's pictures, with replacement.</summary>
    DataOrder = 6,

    /// <summary>Training timesteps of a diffusion or distillation batch.</summary>
    Timestep = 7,

    /// <summary>Noise added to training data.</summary>
    DataNoise = 8,

    /// <summary>Samples from the VAE's posterior.</summary>
    Posterior = 9,

    /// <summary>Guidance scales of a distillation batch.</summary>
    Guidance = 10,

    /// <summary>Captions replaced by the empty string.</summary>
    CaptionDropout = 11,

    /// <summary>Choice among several captions of a picture.</summary>
    Caption = 12,

    /// <summary>Mirrorings, shifts and other augmentations.</summary>
    Augmentation = 13,

    /// <summary>Starting latents of evaluation images, apart from those of training.</summary>
    EvaluationInitialNoise = 14,

    /// <summary>Step noise of evaluation images, apart from that of training.</summary>
    EvaluationStepNoise = 15,

    /// <summary>Starting latents of images that a user samples.</summary>
    SampleInitialNoise = 16,

    /// <summary>Step noise of images that a user samples.</summary>
    SampleStepNoise = 17,

    /// <summary>Resamples of a bootstrap.</summary>
    Bootstrap = 18,
}
