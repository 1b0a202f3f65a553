using Rlcm.Imaging;
using Rlcm.Models;
using Rlcm.Rewards;
using Rlcm.Rollouts;
using Rlcm.Runtime;

namespace Rlcm.Evaluation;

/// <summary>How good a model's pictures are at one number of steps.</summary>
/// <param name="Steps">Steps per picture.</param>
/// <param name="Recognized">Recognized share and diversity of the 45 animals.</param>
/// <param name="Animals">Those pictures: a row per animal, then style, then seed.</param>
/// <param name="Kilobytes">Mean JPEG size of pictures of the gallery's prompts that were asked for; null where none of its prompts was.</param>
/// <param name="GalleryKilobytes">Mean JPEG size of the gallery's own pictures for the same prompts.</param>
public sealed record StepQuality(int Steps, RecognizedShare Recognized, ImageBatch Animals, double? Kilobytes, double? GalleryKilobytes);

/// <summary>Measures a model that ships a gallery: a consistency model by its few steps, a diffusion model by DDIM.</summary>
public sealed class ModelQuality : IDisposable
{
    private const ulong Seed = 0;

    private readonly Gallery _gallery;
    private readonly Recognizer _recognizer;
    private readonly ModelSampler _sampler;
    private readonly Dictionary<string, int> _rowOf = new(StringComparer.Ordinal);

    /// <param name="model">The model, adapters merged where they are to be measured.</param>
    /// <param name="gallery">Its gallery.</param>
    /// <param name="guidanceScale">Guidance scale of all pictures.</param>
    /// <exception cref="UserErrorException">The model's pictures are not as large as those of the gallery.</exception>
    public ModelQuality(TextToImageModel model, Gallery gallery, double guidanceScale)
    {
        _sampler = new(model, guidanceScale, seed => RolloutNoise.Evaluation(Seed, seed));
        var size = _sampler.PictureSize;
        if (size != Recognizer.PictureSize)
            throw new UserErrorException($"The model draws pictures of {size}x{size}, expected {Recognizer.PictureSize}x{Recognizer.PictureSize}, the size of the gallery that they are compared with; measure a model of that size.");
        (_gallery, _recognizer) = (gallery, new(gallery));
        foreach (var (row, entry) in gallery.Entries.Index())
            _rowOf.TryAdd(entry.Text, row);
    }

    /// <summary>The numbers of steps that are measured where none are asked for.</summary>
    public IReadOnlyList<int> DefaultSteps => _sampler.DefaultSteps;

    /// <summary>Measures the model at <paramref name="steps"/> steps.</summary>
    /// <param name="steps">Steps per picture.</param>
    /// <param name="seeds">Pictures per animal and style.</param>
    /// <param name="sizePrompts">Prompts whose pictures' JPEG size is compared with the gallery's; those it does not hold are left out.</param>
    /// <param name="stop">Stops between batches of pictures.</param>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public StepQuality Measure(int steps, int seeds, IReadOnlyList<string> sizePrompts, CancellationToken stop)
    {
        ImageBatch? animals = null;
        var recognized = RecognizedShare.Compute(_recognizer, (prompts, noise) => animals = _sampler.Draw(steps, prompts, noise, stop), seeds, cancellationToken: stop);
        string[] held = [.. sizePrompts.Where(_rowOf.ContainsKey)];
        if (held.Length == 0)
            return new(steps, recognized, animals!, Kilobytes: null, GalleryKilobytes: null);
        var drawn = _sampler.Draw(steps, held, [.. Enumerable.Range(0, held.Length).Select(index => (long)index)], stop);
        return new(
            steps, recognized, animals!,
            Enumerable.Range(0, drawn.Count).Average(index => Kilobytes(drawn, index)),
            held.Average(prompt => Kilobytes(_gallery.Pictures, _rowOf[prompt])));
    }

    /// <inheritdoc/>
    public void Dispose() => _sampler.Dispose();

    private static double Kilobytes(ImageBatch images, int index) => JpegSize.Measure(images[index], images.Height, images.Width) / 1000.0;
}
