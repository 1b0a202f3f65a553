using Rlcm.Datasets;
using Rlcm.Runtime;
using Xunit;

namespace Rlcm.Tests.Datasets;

public sealed class ImageFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_users_folder_needs_only_file_names_and_captions()
    {
        EmojiPackages.Png(_folder["a.png"], 32);
        Metadata("""{"file_name":"a.png","text":"a fox","license":"mine"}""", "");

        var record = Assert.Single(ImageFolder.Check(_folder.Path).Records);
        Assert.Equal(new ImageRecord { FileName = "a.png", Text = "a fox" }, record);
        Assert.False(record.IsHeldOut);
    }

    [Fact]
    public void A_picture_that_is_not_square_is_centered_on_white()
    {
        using (var wide = NetVips.Image.Black(40, 20, 3))
            wide.WriteToFile(_folder["wide.png"]);
        Metadata("""{"file_name":"wide.png","text":"x"}""");

        var folder = ImageFolder.Open(_folder.Path);
        var pixels = folder.Decode(folder.Records, 20);
        Assert.Equal((1, 20, 20), (pixels.Count, pixels.Height, pixels.Width));
        Assert.Equal(255, pixels[0][2 * 20 * 3]);
        Assert.Equal(0, pixels[0][(10 * 20 + 10) * 3]);
    }

    [Fact]
    public void Grey_pictures_become_rgb()
    {
        using (var grey = NetVips.Image.Black(8, 8).Invert())
            grey.WriteToFile(_folder["grey.jpg"]);
        Metadata("""{"file_name":"grey.jpg","text":"x"}""");
        var folder = ImageFolder.Open(_folder.Path);
        Assert.All(folder.Decode(folder.Records, 8).Pixels, value => Assert.Equal(255, value));
    }

    [Fact]
    public void All_problems_are_reported_at_once_with_their_lines()
    {
        foreach (var name in (string[])["a", "b", "c"])
            EmojiPackages.Png(_folder[$"{name}.png"], 64);
        File.WriteAllBytes(_folder["cut.png"], File.ReadAllBytes(_folder["a.png"])[..60]);
        File.WriteAllText(_folder["text.jpg"], "no picture");
        Metadata(
            """{"file_name":"a.png","text":"fine"}""",
            """{"file_name":"gone.png","text":"x"}""",
            """{"file_name":"b.png"}""",
            """{"file_name":"cut.png","text":"x"}""",
            """{"file_name":"text.jpg","text":"x"}""",
            """{"file_name":"c.png","text":"x","split":"dev"}""",
            """{"file_name":""",
            """{"file_name":"./a.png","text":"again"}""",
            """{"file_name":"below/../../a.png","text":"x"}""",
            $$"""{"file_name":"{{_folder["a.png"]}}","text":"x"}""");

        var message = Assert.Throws<FileContentException>(() => ImageFolder.Check(_folder.Path)).Message;
        Assert.Contains("9 problem(s)", message, StringComparison.Ordinal);
        Assert.Contains("line 2: gone.png does not exist", message, StringComparison.Ordinal);
        Assert.Contains("line 3: text is missing", message, StringComparison.Ordinal);
        Assert.Contains("line 4: cut.png cannot be decoded", message, StringComparison.Ordinal);
        Assert.Contains("line 5: text.jpg cannot be decoded", message, StringComparison.Ordinal);
        Assert.Contains("line 6: split is 'dev'", message, StringComparison.Ordinal);
        Assert.Contains("line 7: not a record", message, StringComparison.Ordinal);
        Assert.Contains("line 8: ./a.png is listed before", message, StringComparison.Ordinal);
        Assert.Contains("line 9: below/../../a.png leads out of the folder", message, StringComparison.Ordinal);
        Assert.Contains($"line 10: {_folder["a.png"]} leads out of the folder", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_without_a_list_or_with_an_empty_one_is_refused()
    {
        Assert.Contains("metadata.jsonl does not exist", Assert.Throws<UserErrorException>(() => ImageFolder.Open(_folder.Path)).Message, StringComparison.Ordinal);
        Metadata("");
        Assert.Contains("lists no pictures", Assert.Throws<FileContentException>(() => ImageFolder.Open(_folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_picture_that_cannot_be_decoded_is_named()
    {
        File.WriteAllText(_folder["a.png"], "no picture");
        Metadata("""{"file_name":"a.png","text":"x"}""");
        var folder = ImageFolder.Open(_folder.Path);
        var error = Assert.ThrowsAny<Exception>(() => folder.Decode(folder.Records, 64));
        Assert.Contains("a.png", Assert.IsType<FileContentException>(error).Message, StringComparison.Ordinal);
    }

    private void Metadata(params string[] lines) => File.WriteAllLines(_folder[ImageFolder.MetadataFile], lines);
}
