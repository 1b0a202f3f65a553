using Rlcm.Datasets;
using Rlcm.Runtime;
using Xunit;

namespace Rlcm.Tests.Datasets;

public sealed class EmojiDatasetTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public EmojiDatasetTests() => EmojiPackages.Write(_folder["packages"]);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void It_holds_every_vendors_picture_without_flags_and_skin_tones()
    {
        var told = new System.Collections.Concurrent.ConcurrentBag<DatasetProgress>();
        var records = EmojiDataset.Build(_folder["packages"], _folder["emoji"], new SynchronousProgress<DatasetProgress>(told.Add));

        Assert.Equal(Enumerable.Range(1, 9).Select(done => new DatasetProgress(done, 9)), told.OrderBy(progress => progress.Done));
        Assert.Equal(["hand", "sheep", "polar bear"], records.Select(record => record.Label).Distinct());
        Assert.Equal(["noto", "twemoji", "flat"], records.Select(record => record.Style).Distinct());
        Assert.Equal(9, records.Count);
        Assert.Contains(records, record => record is { Text: "a flat polar bear", Codepoint: "1f43b-200d-2744", Group: "animals-nature", Split: "train" });
    }

    [Fact]
    public void What_it_writes_is_an_image_folder_with_the_same_records()
    {
        var records = EmojiDataset.Build(_folder["packages"], _folder["emoji"]);
        Assert.Equal(records, ImageFolder.Check(_folder["emoji"]).Records);
        Assert.Equal([_folder["emoji"], _folder["packages"]], Directory.GetFileSystemEntries(_folder.Path).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Vector_pictures_are_drawn_on_white_in_full_resolution()
    {
        EmojiDataset.Build(_folder["packages"], _folder["emoji"]);
        var folder = ImageFolder.Open(_folder["emoji"]);
        var pixels = folder.Decode([folder.Records.First(record => record.Style == "flat")], 64)[0].ToArray();

        Assert.Equal<byte>([255, 0, 0], pixels.Skip((30 * 64 + 20) * 3).Take(3));
        Assert.Equal<byte>([255, 255, 255], pixels.Skip((30 * 64 + 45) * 3).Take(3));
    }

    [Fact]
    public void A_missing_package_is_named_with_the_script_that_fetches_it()
    {
        Directory.Delete(_folder["packages/@lobehub/fluent-emoji-3d"], recursive: true);
        var error = Assert.Throws<UserErrorException>(() => EmojiDataset.Build(_folder["packages"], _folder["emoji"]));
        Assert.Contains("@lobehub/fluent-emoji-3d", error.Message, StringComparison.Ordinal);
        Assert.Contains("eng/fetch-emoji.sh", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["emoji"]));
    }

    [Theory]
    [InlineData("en/data.json", "[{")]
    [InlineData("en/data.json", "{}")]
    [InlineData("en/data.json", """[{"group":3,"order":1}]""")]
    [InlineData("en/data.json", """[{"group":8,"order":1,"hexcode":"1F411","label":"ewe"}]""")]
    [InlineData("en/data.json", """[{"group":3,"order":1,"hexcode":"1F411","label":null}]""")]
    [InlineData("meta/groups.json", """{"groups":{"one":"people-body"}}""")]
    [InlineData("meta/groups.json", null)]
    public void A_damaged_file_of_labels_is_named(string file, string? text)
    {
        var path = _folder[$"packages/emojibase-data/{file}"];
        File.Delete(path);
        if (text is not null)
            File.WriteAllText(path, text);
        var error = Assert.ThrowsAny<UserErrorException>(() => EmojiDataset.Build(_folder["packages"], _folder["emoji"]));
        Assert.StartsWith($"{path} is not the file of emojibase-data that was expected (", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void A_folder_with_files_in_it_is_not_written_to()
    {
        Directory.CreateDirectory(_folder["emoji"]);
        File.WriteAllText(_folder["emoji/mine.txt"], "");
        var error = Assert.ThrowsAny<UserErrorException>(() => EmojiDataset.Build(_folder["packages"], _folder["emoji"]));
        Assert.Contains("not empty", error.Message, StringComparison.Ordinal);
        Assert.Single(Directory.GetFileSystemEntries(_folder["emoji"]));
    }
}
