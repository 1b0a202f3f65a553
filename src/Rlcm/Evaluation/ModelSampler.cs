using Rlcm.Imaging;
using Rlcm.Models;
using Rlcm.Policy;
using Rlcm.Prompts;
using Rlcm.Rollouts;

namespace Rlcm.Evaluation;

/// <summary>Draws with a model of either kind: a consistency model by its few steps, a diffusion model by DDIM.</summary>
/// <param name="model">The model, adapters merged where it is to draw with them.</param>
/// <param name="guidanceScale">Guidance scale of all pictures.</param>
/// <param name="noise">The noise of a seed.</param>
public sealed class ModelSampler(TextToImageModel model, double guidanceScale, Func<long, RolloutNoise> noise) : IDisposable
{
    /// <summary>Steps of a diffusion model where none are asked for.</summary>
    public const int DiffusionSteps = 50;

    private const long PixelsAtOnce = 60 * 64 * 64;

    private readonly EncodedPrompts _encoded = new(prompts => SamplingPolicy.Of(model, new(Steps: 1, guidanceScale)).Encode(prompts));

    /// <summary>eta of a diffusion model's DDIM steps. Default 0, the deterministic sampler.</summary>
    public double Eta { get; init; }

    /// <summary>The numbers of steps that are measured where none are asked for.</summary>
    public IReadOnlyList<int> DefaultSteps => model.Scheduler.IsDiffusion ? [DiffusionSteps] : PolicyEvaluator.Horizons;

    /// <summary>Height and width of the pictures.</summary>
    public int PictureSize => model.Unet.Config.SampleSize * model.Vae.Config.SpatialFactor;

    /// <summary>Pictures that are drawn at once: 60 of 64x64, fewer of larger ones.</summary>
    public int BatchSize => (int)Math.Max(1, PixelsAtOnce / ((long)PictureSize * PictureSize));

    /// <summary>Draws a picture for each pair of prompt and seed.</summary>
    /// <param name="steps">Steps per picture.</param>
    /// <param name="prompts">[N].</param>
    /// <param name="seeds">[N].</param>
    /// <param name="stop">Stops between batches of pictures.</param>
    /// <exception cref="Runtime.UserErrorException">The model cannot take so many steps, or not with this guidance scale.</exception>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public ImageBatch Draw(int steps, IReadOnlyList<string> prompts, IReadOnlyList<long> seeds, CancellationToken stop)
    {
        RolloutItem[] items = [.. prompts.Zip(seeds, (prompt, seed) => new RolloutItem(prompt, noise(seed)))];
        return RolloutCollector.Sample(PolicyAt(steps), _encoded, items, BatchSize, stop);
    }

    /// <summary>Makes sure that the model can take that many steps, before any picture is drawn.</summary>
    /// <exception cref="Runtime.UserErrorException">It cannot.</exception>
    public void Require(IEnumerable<int> steps)
    {
        foreach (var number in steps)
            PolicyAt(number);
    }

    /// <inheritdoc/>
    public void Dispose() => _encoded.Dispose();

    private IStepPolicy PolicyAt(int steps) => SamplingPolicy.Of(model, new(steps, guidanceScale) { Eta = Eta });
}
