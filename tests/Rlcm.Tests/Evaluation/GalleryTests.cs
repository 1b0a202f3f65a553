using Rlcm.Datasets;
using Rlcm.Evaluation;
using Rlcm.Runtime;
using Rlcm.Tests.Golden;
using Xunit;

namespace Rlcm.Tests.Evaluation;

public sealed class GalleryTests : IDisposable
{
    private static readonly string Shipped = Path.Combine(GoldenData.RepositoryRoot, "models", "emoji-lcm", "gallery");
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void It_is_read_as_it_was_written()
    {
        var gallery = Drawings.Gallery(35);
        gallery.Write(_folder["gallery"]);
        var read = Gallery.Read(_folder["gallery"]);
        Assert.Equal(gallery.Entries, read.Entries);
        Assert.Equal(gallery.Pictures.Pixels, read.Pictures.Pixels);
    }

    [Fact]
    public void A_missing_file_and_a_sheet_that_does_not_fit_are_reported()
    {
        Assert.Contains("lacks index.json", Assert.Throws<UserErrorException>(() => Gallery.Read(_folder.Path)).Message, StringComparison.Ordinal);
        Drawings.Gallery(35).Write(_folder["gallery"]);
        Drawings.Gallery(2).Write(_folder["other"]);
        File.Copy(_folder["other/sheet.png"], _folder["gallery/sheet.png"], overwrite: true);
        Assert.Contains("does not fit 35 pictures", Assert.Throws<FileContentException>(() => Gallery.Read(_folder["gallery"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_sheet_that_was_cut_off_is_named_in_one_line()
    {
        Drawings.Gallery(35).Write(_folder["gallery"]);
        File.WriteAllBytes(_folder["gallery/sheet.png"], File.ReadAllBytes(_folder["gallery/sheet.png"])[..100]);
        var error = Assert.Throws<FileContentException>(() => Gallery.Read(_folder["gallery"])).Message;
        Assert.StartsWith($"Cannot read {_folder["gallery/sheet.png"]}: ", error, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error);
    }

    [Fact]
    public void The_shipped_gallery_holds_every_picture_of_the_45_animals_and_as_many_decoys()
    {
        var gallery = Gallery.Read(Shipped);
        var animals = gallery.Entries.Where(entry => AnimalTable.ShownBy(entry.Codepoint) is not null).ToArray();

        Assert.Equal(AnimalTable.Words.SelectMany(AnimalTable.Codepoints).Order(StringComparer.Ordinal), animals.Select(entry => entry.Codepoint).Distinct().Order(StringComparer.Ordinal));
        Assert.All(animals.GroupBy(entry => entry.Codepoint), drawings => Assert.Equal(4, drawings.Count()));
        Assert.Equal(animals.Length * 2, gallery.Entries.Count);
        Assert.All(gallery.Entries, entry => Assert.Equal(AnimalTable.ShownBy(entry.Codepoint) is { } word ? word : entry.Shows, entry.Shows));
        Assert.True(new FileInfo(Path.Combine(Shipped, "sheet.png")).Length < 4_000_000);
    }

    [Fact]
    public void The_shipped_gallery_recognizes_its_own_animals_when_drawn_by_anyone()
    {
        var gallery = Gallery.Read(Shipped);
        var share = RecognizedShare.Compute(new Recognizer(gallery), Copy, seeds: 2, prompts: AnimalPrompt.Styled(["cat", "bee", "kangaroo"]));

        Assert.Equal(3 * 4 * 2, share.Samples.Count);
        Assert.Equal(1, share.Share);
        Assert.Equal(0, share.Diversity);

        Rlcm.Imaging.ImageBatch Copy(IReadOnlyList<string> prompts, IReadOnlyList<long> seeds) =>
            Drawings.Batch([.. prompts.Select(prompt => gallery.Pictures[gallery.Entries.ToList().FindIndex(entry => entry.Text == prompt)].ToArray())]);
    }

    [Fact]
    public void A_decoy_is_not_the_animal_and_shares_are_split_by_animal()
    {
        var gallery = Gallery.Read(Shipped);
        var (fox, decoy) = (Picture(gallery, "a flat fox"), Picture(gallery, "a flat elephant"));
        var share = RecognizedShare.Compute(
            new Recognizer(gallery),
            (prompts, seeds) => Drawings.Batch([.. prompts.Zip(seeds, (prompt, seed) => prompt.Contains("3d", StringComparison.Ordinal) && seed == 0 ? decoy : fox)]),
            seeds: 2,
            prompts: AnimalPrompt.Styled(["fox", "wolf"]));

        Assert.Equal(7 / 16.0, share.Share);
        Assert.Equal(7 / 8.0, share.ByAnimal["fox"]);
        Assert.Equal(0, share.ByAnimal["wolf"]);
        Assert.Equal(2 * PictureDiversity.Distance(fox, decoy) / 8, share.Diversity!.Value, 1e-12);
    }

    private static byte[] Picture(Gallery gallery, string text) => gallery.Pictures[gallery.Entries.ToList().FindIndex(entry => entry.Text == text)].ToArray();
}
