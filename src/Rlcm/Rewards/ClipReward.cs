using Rlcm.Imaging;
using Rlcm.Models.Clip;
using TorchSharp;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;

namespace Rlcm.Rewards;

/// <summary>How well a picture shows its prompt, by a CLIP model in this process.</summary>
public sealed class ClipReward : IReward, IDisposable
{
    private readonly ClipFolder _clip;
    private readonly double _scale;

    private ClipReward(string name, string unit, ClipFolder clip, double scale) => (Name, Unit, _clip, _scale) = (name, unit, clip, scale);

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public string Unit { get; }

    /// <summary>The cosine of picture and prompt (Radford et al. 2021), in -1..1.</summary>
    /// <param name="folder">Any CLIP model as transformers writes it.</param>
    /// <exception cref="Runtime.UserErrorException">Something is missing, damaged or not supported.</exception>
    public static ClipReward ClipScore(string folder) => new("clip-score", "cosine", ClipFolder.Load(folder, withTexts: true), 1);

    /// <summary>As <see cref="ClipScore"/>, under the name of the task that the embedded model is tuned for by the CLIP model that ships with it.</summary>
    /// <param name="folder">The CLIP model.</param>
    /// <exception cref="Runtime.UserErrorException">Something is missing, damaged or not supported.</exception>
    public static ClipReward Alignment(string folder) => new("alignment", "cosine", ClipFolder.Load(folder, withTexts: true), 1);

    /// <summary>The cosine times the model's logit scale: the preference score of PickScore (Kirstain et al. 2023), whose weights are a CLIP.</summary>
    /// <param name="folder">PickScore, or another CLIP tuned on preferences.</param>
    /// <exception cref="Runtime.UserErrorException">Something is missing, damaged or not supported.</exception>
    public static ClipReward PickScore(string folder)
    {
        var clip = ClipFolder.Load(folder, withTexts: true);
        return new("pick-score", "logits", clip, Math.Exp(clip.Model.LogitScale.ToNumber()));
    }

    /// <inheritdoc/>
    public Task<float[]> ScoreAsync(ImageBatch images, IReadOnlyList<string> prompts, CancellationToken cancellationToken) =>
        Task.Run(() => Score(images, prompts), cancellationToken);

    private float[] Score(ImageBatch images, IReadOnlyList<string> prompts)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var cosines = (_clip.EmbedPictures(images) * _clip.EmbedTexts(prompts)).sum(1); // [N]
        return (cosines * Kept(_scale)).data<float>().ToArray();
    }

    /// <inheritdoc/>
    public void Dispose() => _clip.Dispose();
}
