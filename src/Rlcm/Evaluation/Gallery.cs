using System.Text.Json;
using NetVips;
using Rlcm.Datasets;
using Rlcm.Imaging;
using Rlcm.Runtime;

namespace Rlcm.Evaluation;

/// <summary>
/// The pictures that samples are compared with: every picture of the 45 animals and as many decoys. It ships with a model as
/// <c>gallery/sheet.png</c> (tiles in rows) and <c>gallery/index.json</c> (what each tile shows).
/// </summary>
/// <param name="Entries">One entry a picture.</param>
/// <param name="Pictures">[entries, 64, 64, 3].</param>
public sealed record Gallery(IReadOnlyList<GalleryEntry> Entries, ImageBatch Pictures)
{
    /// <summary>The gallery's folder in a model folder.</summary>
    public const string FolderName = "gallery";

    private const string IndexFile = "index.json";
    private const string SheetFile = "sheet.png";
    private const int Columns = 32;

    /// <summary>The files of a gallery.</summary>
    internal static readonly IReadOnlyList<string> FileNames = [IndexFile, SheetFile];

    private static readonly JsonSerializerOptions Json = new(StrictJson.Options(JsonNamingPolicy.SnakeCaseLower))
    {
        RespectNullableAnnotations = true,
        WriteIndented = true,
    };

    /// <summary>Takes the animals' pictures and the decoys from the emoji dataset.</summary>
    /// <remarks>
    /// Decoys are emoji of the train split that all vendors draw, half of them other animals and plants, the hardest to tell apart, half
    /// from the other groups without people; within each half in the dataset's order at even distances.
    /// </remarks>
    /// <exception cref="UserErrorException">The folder is not the emoji dataset.</exception>
    public static Gallery FromDataset(ImageFolder dataset, CancellationToken cancellationToken = default)
    {
        var animals = dataset.Records.Where(record => record.Codepoint is { } code && AnimalTable.ShownBy(code) is not null).ToArray();
        if (animals.Length == 0)
            throw new UserErrorException($"The folder {dataset.Path} holds no picture of the 45 animals: make it with 'rlcm dataset emoji'.");

        var candidates = dataset.Records
            .Where(record => !record.IsHeldOut && record.Codepoint is { } code && AnimalTable.ShownBy(code) is null && record.Group != "people-body")
            .GroupBy(record => record.Codepoint)
            .Where(drawings => drawings.Count() == EmojiVendor.All.Count)
            .ToLookup(drawings => drawings.First().Group == "animals-nature");
        var half = animals.Length / EmojiVendor.All.Count / 2;
        var decoys = Spread(candidates[true], half).Concat(Spread(candidates[false], half)).SelectMany(drawings => drawings);

        ImageRecord[] records = [.. animals, .. decoys];
        return new Gallery(
            [.. records.Select(record => new GalleryEntry(AnimalTable.ShownBy(record.Codepoint!) ?? record.Label!, record.Text, record.Style!, record.Codepoint!))],
            dataset.Decode(records, EmojiDataset.Size, cancellationToken));
    }

    /// <summary>Reads a gallery from its folder.</summary>
    /// <exception cref="UserErrorException">A file is missing or damaged, or the two do not belong together.</exception>
    public static Gallery Read(string folder)
    {
        var (index, sheetPath) = (Path.Combine(folder, IndexFile), Path.Combine(folder, SheetFile));
        if (!File.Exists(index) || !File.Exists(sheetPath))
            throw new UserErrorException($"The gallery {folder} lacks {IndexFile} or {SheetFile}: make it with 'rlcm dataset gallery'.");
        try
        {
            var entries = JsonSerializer.Deserialize<GalleryEntry?[]>(Utf8Text.Read(index), Json) ?? [];
            return new Gallery([.. entries.Select(entry => entry ?? throw new JsonException("null is no entry"))], Cut(entries.Length, sheetPath));
        }
        catch (Exception error) when (error is JsonException or InvalidDataException)
        {
            throw new FileContentException(index, JsonMistake.PositionOf(error), $"The gallery {folder} is damaged ({JsonMistake.Describe(error)}): make it anew with 'rlcm dataset gallery'.", error);
        }
    }

    /// <summary>Writes the two files; the index comes last, so that a gallery with an index is complete.</summary>
    public void Write(string folder)
    {
        Directory.CreateDirectory(folder);
        var size = Pictures.Width;
        var rows = (Entries.Count + Columns - 1) / Columns;
        var sheet = new byte[(long)rows * size * Columns * size * 3];
        Array.Fill(sheet, byte.MaxValue);
        for (var i = 0; i < Entries.Count; i++)
            for (var y = 0; y < size; y++)
                Pictures[i].Slice(y * size * 3, size * 3).CopyTo(sheet.AsSpan(RowOffset(i, y, size)));
        using (var image = Image.NewFromMemory(sheet, Columns * size, rows * size, 3, Enums.BandFormat.Uchar))
        using (var rgb = image.Copy(interpretation: Enums.Interpretation.Srgb))
            rgb.Pngsave(Path.Combine(folder, SheetFile), compression: 9, filter: Enums.ForeignPngFilter.All, keep: Enums.ForeignKeep.None);
        File.WriteAllText(Path.Combine(folder, IndexFile), JsonSerializer.Serialize(Entries, Json) + "\n");
    }

    private static ImageBatch Cut(int count, string sheetPath)
    {
        const int size = EmojiDataset.Size;
        var image = PngFile.Read(sheetPath);
        if (image.Width != Columns * size || image.Height != (count + Columns - 1) / Columns * size)
            throw new InvalidDataException($"{SheetFile} is {image.Width}x{image.Height}, which does not fit {count} pictures");
        var pixels = new byte[count * size * size * 3];
        for (var i = 0; i < count; i++)
            for (var y = 0; y < size; y++)
                image.Pixels.AsSpan(RowOffset(i, y, size), size * 3).CopyTo(pixels.AsSpan((i * size + y) * size * 3));
        return new ImageBatch(pixels, count, size, size);
    }

    private static int RowOffset(int tile, int y, int size) => ((tile / Columns * size + y) * Columns + tile % Columns) * size * 3;

    private static IEnumerable<T> Spread<T>(IEnumerable<T> items, int count)
    {
        var all = items.ToArray();
        count = Math.Min(count, all.Length);
        return Enumerable.Range(0, count).Select(i => all[(int)((long)i * all.Length / count)]);
    }
}
