using Rlcm.Runtime;

namespace Rlcm.Training;

/// <summary>What a run leaves when it ends or is stopped, for people to use.</summary>
/// <param name="Kind">What it is, in a word for them: adapter or model.</param>
/// <param name="Path">Its folder.</param>
public sealed record TrainingResult(string Kind, string Path)
{
    /// <summary>That of the run in <paramref name="folder"/>, which trains what <paramref name="config"/> says.</summary>
    public static TrainingResult Of(RunFolder folder, TrainConfig config) =>
        config.TrainedWeights == TrainedWeights.Unet ? new("model", folder.Model) : new("adapter", folder.Adapter);
}
