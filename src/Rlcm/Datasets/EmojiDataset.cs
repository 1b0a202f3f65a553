using Rlcm.Runtime;

namespace Rlcm.Datasets;

/// <summary>How far the making of a dataset is.</summary>
/// <param name="Done">Pictures made.</param>
/// <param name="Of">Pictures in all.</param>
public readonly record struct DatasetProgress(int Done, int Of);

/// <summary>Makes the captioned pictures that the embedded model is trained on from four emoji packages and emojibase's labels.</summary>
public static class EmojiDataset
{
    /// <summary>Width and height of the pictures.</summary>
    public const int Size = 64;

    /// <summary>
    /// Writes an imagefolder to <paramref name="output"/>, which appears only when complete: <c>STYLE/CODEPOINT.png</c>, 64x64 on white,
    /// and <c>metadata.jsonl</c>.
    /// </summary>
    /// <param name="packages">Folder that holds the unpacked npm packages by name, as <c>eng/fetch-emoji.sh</c> leaves it.</param>
    /// <param name="output">Folder to make; it must not exist or be empty.</param>
    /// <param name="progress">Told after every picture, from several threads.</param>
    /// <param name="cancellationToken">Stops the work; nothing is left behind.</param>
    /// <returns>All records, vendors of one emoji side by side.</returns>
    /// <exception cref="UserErrorException">A package is missing or <paramref name="output"/> is not empty.</exception>
    public static IReadOnlyList<ImageRecord> Build(
        string packages, string output, IProgress<DatasetProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        RequirePackages(packages);
        var pictures = Join(packages);
        AtomicFolder.Write(output, unfinished =>
        {
            foreach (var vendor in EmojiVendor.All)
                Directory.CreateDirectory(Path.Combine(unfinished, vendor.Style));
            var done = 0;
            Parallel.ForEach(pictures, new ParallelOptions { CancellationToken = cancellationToken }, picture =>
            {
                SquareRaster.WritePng(Path.Combine(unfinished, picture.Record.FileName), SquareRaster.DecodeOrDraw(picture.Source, Size), Size);
                progress?.Report(new(Interlocked.Increment(ref done), pictures.Count));
            });
            File.WriteAllLines(Path.Combine(unfinished, ImageFolder.MetadataFile), pictures.Select(picture => picture.Record.ToLine()));
        });
        return [.. pictures.Select(picture => picture.Record)];
    }

    private static List<(string Source, ImageRecord Record)> Join(string packages)
    {
        var files = EmojiVendor.All.Select(vendor => (vendor.Style, Pictures: vendor.Pictures(packages))).ToArray();
        var joined = new List<(string, ImageRecord)>();
        foreach (var emoji in EmojiLabel.Read(packages))
        {
            var label = AnimalTable.MainWord(emoji.Codepoint) ?? emoji.Label;
            foreach (var (style, pictures) in files)
            {
                if (!pictures.TryGetValue(emoji.Codepoint, out var source))
                    continue;
                joined.Add((source, new ImageRecord
                {
                    FileName = $"{style}/{emoji.Codepoint}.png",
                    Text = Caption.Compose(label, style),
                    Label = label,
                    Style = style,
                    Codepoint = emoji.Codepoint,
                    Group = emoji.Group,
                    Split = HeldOutSplit.Of(emoji.Codepoint),
                }));
            }
        }

        return joined;
    }

    private static void RequirePackages(string packages)
    {
        var missing = EmojiVendor.All.Select(vendor => Path.Combine(vendor.Package, vendor.Folder))
            .Append(Path.Combine(EmojiLabel.Package, "en"))
            .Where(folder => !Directory.Exists(Path.Combine(packages, folder)))
            .ToArray();
        if (missing.Length > 0)
            throw new UserErrorException($"The folder {packages} lacks {string.Join(", ", missing)}: fetch the packages with eng/fetch-emoji.sh {packages}.");
    }
}
