using Rlcm.Diffusion;
using Rlcm.Imaging;
using Rlcm.Models;
using Rlcm.Policy;
using Rlcm.Rewards;
using Rlcm.Rollouts;

namespace Rlcm.Evaluation;

/// <summary>How good a model's pictures are at one number of steps.</summary>
/// <param name="Steps">Steps per picture.</param>
/// <param name="Recognized">Recognised share and diversity of the 45 animals.</param>
/// <param name="Animals">Those pictures: a row per animal, then style, then seed.</param>
/// <param name="Kilobytes">Mean JPEG size of pictures of the gallery's prompts that were asked for.</param>
/// <param name="GalleryKilobytes">Mean JPEG size of the gallery's own pictures for the same prompts.</param>
public sealed record StepQuality(int Steps, RecognizedShare Recognized, ImageBatch Animals, double Kilobytes, double GalleryKilobytes);

/// <summary>Measures a model that ships a gallery: a consistency model by its few steps, a diffusion model by DDIM.</summary>
/// <param name="model">The model, adapters merged where they are to be measured.</param>
/// <param name="gallery">Its gallery.</param>
/// <param name="guidanceScale">Guidance scale of all pictures.</param>
public sealed class ModelQuality(TextToImageModel model, Gallery gallery, double guidanceScale)
{
    /// <summary>Steps of a diffusion model where none are asked for.</summary>
    public const int DiffusionSteps = 50;

    private const int BatchSize = 60;
    private const ulong Seed = 0;

    private readonly Recognizer _recognizer = new(gallery);

    /// <summary>The numbers of steps that are measured where none are asked for.</summary>
    public IReadOnlyList<int> DefaultSteps => IsDiffusion ? [DiffusionSteps] : PolicyEvaluator.Horizons;

    private bool IsDiffusion => model.Scheduler.ClassName != SchedulerConfig.Lcm;

    /// <summary>Measures the model at <paramref name="steps"/> steps.</summary>
    /// <param name="steps">Steps per picture.</param>
    /// <param name="seeds">Pictures per animal and style.</param>
    /// <param name="sizePrompts">Prompts whose pictures' JPEG size is compared with the gallery's; those it does not hold are left out.</param>
    public StepQuality Measure(int steps, int seeds, IReadOnlyList<string> sizePrompts)
    {
        ImageBatch? animals = null;
        var recognized = RecognizedShare.Compute(_recognizer, (prompts, noise) => animals = Draw(steps, prompts, noise), seeds);
        var own = sizePrompts.Select(prompt => gallery.Entries.Select(entry => entry.Text).ToList().IndexOf(prompt)).ToArray();
        string[] held = [.. sizePrompts.Where((_, index) => own[index] >= 0)];
        var drawn = Draw(steps, held, [.. Enumerable.Range(0, held.Length).Select(index => (long)index)]);
        return new(
            steps, recognized, animals!,
            Enumerable.Range(0, drawn.Count).Average(index => Kilobytes(drawn, index)),
            own.Where(index => index >= 0).Average(index => Kilobytes(gallery.Pictures, index)));
    }

    private ImageBatch Draw(int steps, IReadOnlyList<string> prompts, IReadOnlyList<long> seeds)
    {
        RolloutItem[] items = [.. prompts.Zip(seeds, (prompt, seed) => new RolloutItem(prompt, RolloutNoise.Evaluation(Seed, seed)))];
        if (!IsDiffusion)
            return RolloutCollector.Sample(new LcmPolicy(model, new(steps, guidanceScale)), items, BatchSize);
        var sampler = new DdimSampler(model, steps, guidanceScale);
        return ImageBatch.Concatenate([.. items.Chunk(BatchSize).Select(batch =>
            sampler.Sample([.. batch.Select(item => item.Prompt)], index => batch[index].Noise.Initial))]);
    }

    private static double Kilobytes(ImageBatch images, int index) => JpegSize.Measure(images[index], images.Height, images.Width) / 1000.0;
}
