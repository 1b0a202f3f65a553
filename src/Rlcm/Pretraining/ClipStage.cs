using Rlcm.Datasets;
using Rlcm.Imaging;
using Rlcm.Models.Clip;
using Rlcm.Runtime;
using TorchSharp;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;

namespace Rlcm.Pretraining;

/// <summary>Trains a CLIP model from nothing on captioned pictures, and beside it a head that tells the styles of its embeddings apart.</summary>
/// <remarks>
/// The head is trained on embeddings that it does not change. Held-out drawings have to be left out of <paramref name="records"/> by the caller.
/// </remarks>
/// <param name="online">The networks to train.</param>
/// <param name="average">Networks of the same architecture, for the moving average.</param>
/// <param name="tokenizerFolder">The tokenizer's files, saved with the model.</param>
/// <param name="records">The pictures' captions; all have a label and a style.</param>
/// <param name="pixels">The pictures, in the same order.</param>
/// <param name="weights">How often each is drawn, relative to the others.</param>
/// <param name="settings">Batch size and seed.</param>
public sealed class ClipStage(
    ClipNetworks online, ClipNetworks average, string tokenizerFolder, IReadOnlyList<ImageRecord> records, PixelStore pixels, IReadOnlyList<double> weights, PretrainingSettings settings) : IPretrainingStage
{
    private const double NoStyleShare = 0.7;
    private const int MostWordsAfter = 3;
    private const double LargestLogitScale = 4.6051701859880914; // ln 100 (Radford et al. 2021, section 2.5)
    private const int SampleCount = 32;

    private readonly WeightedDraw _draw = new(weights);
    private readonly Dictionary<string, long> _styleOf = online.Head.Styles.Index().ToDictionary(style => style.Item, style => (long)style.Index, StringComparer.Ordinal);
    private readonly ClipTokenizer _tokenizer = ClipTokenizer.FromFolder(tokenizerFolder);
    private readonly ClipImageProcessor _processor = ClipImageProcessor.OfOpenAi(online.Clip.Config.Vision.ImageSize);

    /// <inheritdoc/>
    public string Name => "clip";

    /// <inheritdoc/>
    public IReadOnlyList<TrainedWeight> Weights { get; } = WeightPairs.Of(("clip.", online.Clip, average.Clip), ("style_head.", online.Head, average.Head));

    /// <inheritdoc/>
    public Tensor Loss(long step)
    {
        using var scope = NewDisposeScope();
        var rows = _draw.Rows(new(settings.Seed, RandomPurpose.DataOrder, step), settings.BatchSize);
        var namesStyle = DrawStyleNaming(step);
        string[] captions = [.. rows.Zip(namesStyle, DrawContinuations(step)).Select(entry => Caption.Compose(records[entry.First].Label!, entry.Second ? records[entry.First].Style : null) + entry.Third)];

        var pictures = PictureAugmentation.Draw(pixels.Batch(rows), new(settings.Seed, RandomPurpose.Augmentation, step));
        var images = ClipModel.Normalize(online.Clip.EmbedPictures(_processor.Standardize(pictures)));
        var texts = ClipModel.Normalize(online.Clip.EmbedTexts(_tokenizer.Encode(captions)));
        var scale = online.Clip.LogitScale.clamp_max(Kept(LargestLogitScale)).exp();
        var contrast = ContrastiveLoss.Compute(images.matmul(texts.t()) * scale, Matches(rows, namesStyle));

        var styles = tensor([.. rows.Select(row => _styleOf[records[row].Style!])]);
        return contrast.Plus(nn.functional.cross_entropy(online.Head.forward(images.detach()), styles)).MoveToOuterDisposeScope();
    }

    /// <summary>Whether the caption of each picture names its style.</summary>
    private bool[] DrawStyleNaming(long step)
    {
        var uniforms = new double[settings.BatchSize];
        AddressedRandom.Uniform(new(settings.Seed, RandomPurpose.CaptionDropout, step), uniforms);
        return Array.ConvertAll(uniforms, uniform => uniform >= NoStyleShare);
    }

    /// <summary>
    /// What follows each caption, for half of them nothing: the last one to three words of any other caption, so that prompts that go on after
    /// naming a thing, <c>a cat riding a bike</c>, are known by what they name.
    /// </summary>
    private IEnumerable<string> DrawContinuations(long step)
    {
        var uniforms = new double[settings.BatchSize];
        AddressedRandom.Uniform(new(settings.Seed, RandomPurpose.Caption, step), uniforms);
        return uniforms.Select(uniform => Math.DivRem((int)(uniform * 2 * MostWordsAfter * records.Count), records.Count) switch
        {
            var (last, _) when last >= MostWordsAfter => "",
            var (last, row) => ' ' + string.Join(' ', records[row].Label!.Split(' ').TakeLast(last + 1)),
        });
    }

    /// <summary>[B, B], 1 where caption j describes picture i: the same label, and the same style where it names one.</summary>
    private Tensor Matches(int[] rows, bool[] namesStyle)
    {
        var matches = new float[rows.Length, rows.Length];
        for (var i = 0; i < rows.Length; i++)
            for (var j = 0; j < rows.Length; j++)
                matches[i, j] = records[rows[i]].Label == records[rows[j]].Label && (!namesStyle[j] || records[rows[i]].Style == records[rows[j]].Style) ? 1 : 0;
        return tensor(matches);
    }

    /// <inheritdoc/>
    /// <remarks>Pairs: a training picture, the one among them that its caption without a style finds.</remarks>
    public ImageBatch Samples()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        int[] rows = [.. Enumerable.Range(0, Math.Min(SampleCount, records.Count)).Select(i => (int)((long)i * records.Count / Math.Min(SampleCount, records.Count)))];
        var pictures = pixels.Batch(rows);
        var images = ClipModel.Normalize(average.Clip.EmbedPictures(_processor.Standardize(pictures)));
        var texts = ClipModel.Normalize(average.Clip.EmbedTexts(_tokenizer.Encode([.. rows.Select(row => Caption.Compose(records[row].Label!, style: null))])));
        var found = texts.matmul(images.t()).argmax(1);
        return stack([pictures, pictures.index_select(0, found)], dim: 1).flatten(0, 1).ToImages();
    }

    /// <inheritdoc/>
    public void Save(string folder) => average.Save(folder, ScalarType.Float16, tokenizerFolder);

    /// <inheritdoc/>
    public void Dispose() => pixels.Dispose();
}
