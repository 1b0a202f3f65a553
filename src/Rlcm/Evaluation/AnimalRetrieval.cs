using Rlcm.Datasets;
using Rlcm.Imaging;
using Rlcm.Models.Clip;
using Rlcm.Runtime;
using static TorchSharp.torch;

namespace Rlcm.Evaluation;

/// <summary>A held-out drawing and the animal that a CLIP model takes it for.</summary>
/// <param name="Animal">What it shows.</param>
/// <param name="Style">The vendor's style word.</param>
/// <param name="Found">The animal whose caption is nearest.</param>
public sealed record RetrievedDrawing(string Animal, string Style, string Found)
{
    /// <summary>Whether it is the right one.</summary>
    public bool IsRight => Animal == Found;
}

/// <summary>How well a CLIP model knows the 45 animals: one drawing of each that it was not trained on is to find its caption among all 45.</summary>
/// <param name="Drawings">One for each animal, in their order.</param>
public sealed record AnimalRetrieval(IReadOnlyList<RetrievedDrawing> Drawings)
{
    /// <summary>Share of drawings that find their caption first, 0..1.</summary>
    public double Top1 => Drawings.Average(drawing => drawing.IsRight ? 1.0 : 0.0);

    /// <summary>How many do, and of how many, for each vendor.</summary>
    public IEnumerable<(string Vendor, int Right, int All)> ByVendor =>
        Drawings.GroupBy(drawing => HeldOutDrawings.VendorOf(drawing.Style)).Select(group => (group.Key, group.Count(drawing => drawing.IsRight), group.Count())).OrderBy(group => group.Key, StringComparer.Ordinal);

    /// <summary>Measures <paramref name="clip"/> on <see cref="HeldOutDrawings"/>, with the captions <c>a cat</c>.</summary>
    /// <param name="clip">The model with its tokenizer.</param>
    /// <param name="gallery">Holds the drawings.</param>
    /// <exception cref="UserErrorException">A drawing is not in the gallery.</exception>
    public static AnimalRetrieval Measure(ClipFolder clip, Gallery gallery)
    {
        int[] rows = [.. AnimalTable.Words.Select(animal => Find(gallery, animal))];
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var pictures = clip.EmbedPictures(ImageBatch.Concatenate([.. rows.Select(row => new ImageBatch(gallery.Pictures[row].ToArray(), 1, gallery.Pictures.Height, gallery.Pictures.Width))]));
        var captions = clip.EmbedTexts([.. AnimalTable.Words.Select(animal => Caption.Compose(animal))]);
        var found = pictures.matmul(captions.t()).argmax(1).data<long>().ToArray();
        return new([.. rows.Zip(AnimalTable.Words, found).Select(entry => new RetrievedDrawing(entry.Second, gallery.Entries[entry.First].Style, AnimalTable.Words[(int)entry.Third]))]);
    }

    private static int Find(Gallery gallery, string animal)
    {
        var (codepoint, style) = HeldOutDrawings.Of(animal);
        foreach (var (row, entry) in gallery.Entries.Index())
        {
            if (entry.Codepoint == codepoint && entry.Style == style)
                return row;
        }

        throw new UserErrorException($"The gallery lacks the {style} drawing of the {animal} ({codepoint}), expected every drawing of the 45 animals; make it anew with 'rlcm dataset gallery'.");
    }
}
