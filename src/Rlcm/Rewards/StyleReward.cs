using Rlcm.Imaging;
using Rlcm.Models.Clip;
using Rlcm.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlcm.Rewards;

/// <summary>How surely a picture is drawn in one style, by the head on a CLIP model that <c>rlcm pretrain clip</c> makes. The prompt does not matter.</summary>
public sealed class StyleReward : IReward, IDisposable
{
    private readonly ClipFolder _clip;
    private readonly StyleHead _head;
    private readonly int _style;

    private StyleReward(ClipFolder clip, StyleHead head, int style) => (_clip, _head, _style) = (clip, head, style);

    /// <inheritdoc/>
    public string Name => "style";

    /// <inheritdoc/>
    public string Unit => "probability";

    /// <summary>The probability of <paramref name="style"/> among the styles that the head knows, 0..1.</summary>
    /// <param name="folder">A CLIP model with a head for styles.</param>
    /// <param name="style">One of the head's words.</param>
    /// <exception cref="UserErrorException">Something is missing or damaged, or the head does not know the style.</exception>
    public static StyleReward Load(string folder, string style)
    {
        var clip = ClipFolder.Load(folder, withTexts: false);
        StyleHead? head = null;
        try
        {
            head = StyleHead.Load(folder, clip.Model.Config.ProjectionSize);
            var index = head.Styles.ToList().IndexOf(style);
            return index >= 0 ? new(clip, head, index) : throw new UserErrorException($"style: expected one that {folder} tells apart, {string.Join(", ", head.Styles)}, found {style}; choose one of them.");
        }
        catch
        {
            head?.Dispose();
            clip.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public Task<float[]> ScoreAsync(ImageBatch images, IReadOnlyList<string> prompts, CancellationToken cancellationToken) => Task.Run(() => Score(images), cancellationToken);

    private float[] Score(ImageBatch images)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return _head.forward(_clip.EmbedPictures(images)).softmax(1).select(1, _style).data<float>().ToArray();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _clip.Dispose();
        _head.Dispose();
    }
}
