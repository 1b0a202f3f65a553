using Rlcm.Imaging;
using Rlcm.Models.Clip;
using Rlcm.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlcm.Rewards;

/// <summary>The aesthetic reward of DDPO (Black et al. 2023, section 5.2) and RLCM: LAION's predictor on CLIP ViT-L/14. The prompt does not matter.</summary>
public sealed class AestheticReward : IReward, IDisposable
{
    private readonly ClipFolder _clip;
    private readonly AestheticHead _head;
    private readonly bool _rounded;

    private AestheticReward(ClipFolder clip, AestheticHead head, bool rounded) => (_clip, _head, _rounded) = (clip, head, rounded);

    /// <inheritdoc/>
    public string Name => "aesthetic";

    /// <inheritdoc/>
    public string Unit => "points";

    /// <summary>Loads both models.</summary>
    /// <param name="clipFolder">CLIP ViT-L/14 as transformers writes it.</param>
    /// <param name="headFile">LAION's head, <c>.pth</c> or safetensors.</param>
    /// <param name="rounded">Whether pictures of 8 bits are scored, as DDPO does, or those before rounding, as the released RLCM does.</param>
    /// <exception cref="UserErrorException">Something is missing, damaged, or of another size.</exception>
    public static AestheticReward Load(string clipFolder, string headFile, bool rounded)
    {
        var head = AestheticHead.Load(headFile);
        ClipFolder? clip = null;
        try
        {
            clip = ClipFolder.Load(clipFolder, withTexts: false);
            return clip.Model.Config.ProjectionSize == AestheticHead.EmbeddingSize
                ? new(clip, head, rounded)
                : throw new UserErrorException($"{clipFolder}: the aesthetic predictor needs embeddings of {AestheticHead.EmbeddingSize} numbers (projection_dim), found {clip.Model.Config.ProjectionSize}; take CLIP ViT-L/14.");
        }
        catch
        {
            clip?.Dispose();
            head.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public Task<float[]> ScoreAsync(ImageBatch images, IReadOnlyList<string> prompts, CancellationToken cancellationToken) => Task.Run(() => Score(images), cancellationToken);

    private float[] Score(ImageBatch images)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return _head.forward(_clip.EmbedPictures(images, _rounded)).data<float>().ToArray();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _clip.Dispose();
        _head.Dispose();
    }
}
