using Rlcm.Models.Clip;
using Xunit;

namespace Rlcm.Tests.Models.Clip;

public sealed class BpeTrainerTests
{
    private static readonly string[] Captions = ["a red fox", "a flat red fox", "a red cat", "a 3d fox", "piñata 🦊"];

    [Fact]
    public void Merges_go_by_count_and_then_by_order()
    {
        // "ab" twice, "abc" once: a-b</w> and a-b, b-c</w>. Counts 2, 1, 1.
        Assert.Equal([("a", "b</w>"), ("a", "b"), ("ab", "c</w>")], BpeTrainer.Learn(["ab ab", "abc"], mergeCount: 10, minimumCount: 1));
        Assert.Equal([("a", "b</w>")], BpeTrainer.Learn(["ab ab", "abc"], mergeCount: 10));
        Assert.Equal([("a", "b</w>"), ("a", "b")], BpeTrainer.Learn(["ab ab", "abc"], mergeCount: 2, minimumCount: 1));
    }

    [Fact]
    public void Overlapping_pairs_are_counted_anew_after_each_merge() =>
        Assert.Equal([("a", "a"), ("a", "a</w>"), ("aa", "aa</w>")], BpeTrainer.Learn(["aaaa"], mergeCount: 10, minimumCount: 1));

    [Fact]
    public void The_written_folder_is_read_and_frequent_words_are_one_token()
    {
        using var folder = new TemporaryFolder();
        var merges = BpeTrainer.Learn(Captions, mergeCount: 100);
        BpeTrainer.Write(folder.Path, merges, maxLength: 16);
        var tokenizer = ClipTokenizer.FromFolder(folder.Path);

        Assert.Equal(512 + merges.Count + 2, tokenizer.VocabularySize);
        Assert.Equal((512 + merges.Count, 512 + merges.Count + 1, 16), (tokenizer.StartId, tokenizer.EndId, tokenizer.MaxLength));
        var ids = tokenizer.Encode("a red fox");
        Assert.Equal([tokenizer.EndId, tokenizer.EndId], ids[4..6]);
        Assert.All(ids[1..4], id => Assert.InRange(id, 0, tokenizer.StartId - 1));
    }

    [Fact]
    public void Words_never_seen_are_spelled_in_bytes()
    {
        using var folder = new TemporaryFolder();
        BpeTrainer.Write(folder.Path, [], maxLength: 16);
        var tokenizer = ClipTokenizer.FromFolder(folder.Path);

        // 'c', 'a', 't</w>' of the byte alphabet, which begins at '!'.
        Assert.Equal([512, 'c' - '!', 'a' - '!', 256 + 't' - '!', 513], tokenizer.Encode("cat")[..5]);
    }

    [Fact]
    public void Equal_captions_give_equal_files_in_any_order_of_the_captions()
    {
        using var folder = new TemporaryFolder();
        foreach (var (name, captions) in new[] { ("x", Captions), ("y", [.. Captions.Reverse()]) })
        {
            Directory.CreateDirectory(folder[name]);
            BpeTrainer.Write(folder[name], BpeTrainer.Learn(captions, mergeCount: 50, minimumCount: 1), maxLength: 16);
        }

        foreach (var file in (string[])["vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json"])
            Assert.Equal(File.ReadAllBytes(Path.Combine(folder["x"], file)), File.ReadAllBytes(Path.Combine(folder["y"], file)));
    }
}
