using System.Text.Json;
using Rlcm.Models.Clip;
using Rlcm.Runtime;
using Rlcm.Tests.Golden;
using Xunit;

namespace Rlcm.Tests.Models.Clip;

/// <summary>On the first 1,000 merges of OpenAI's CLIP vocabulary; the expected ids come from transformers' fast tokenizer.</summary>
public sealed class ClipTokenizerTests : IDisposable
{
    private const int StartId = 1512, EndId = 1513;

    private readonly TemporaryFolder folder = new();

    public ClipTokenizerTests()
    {
        var merges = File.ReadLines(Data("clip-first-1000-merges.txt")).Skip(1).Select(line => line.Split(' ')).Select(pair => (pair[0], pair[1]));
        BpeTrainer.Write(folder.Path, [.. merges], maxLength: 77);
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void The_ids_are_those_of_the_fast_tokenizer_of_transformers()
    {
        var tokenizer = ClipTokenizer.FromFolder(folder.Path);
        var examples = JsonSerializer.Deserialize<Dictionary<string, long[]>>(File.ReadAllText(Data("clip-first-1000-ids.json")))!;

        Assert.Equal(21, examples.Count);
        foreach (var (text, ids) in examples)
            Assert.Equal([.. ids, .. Enumerable.Repeat((long)EndId, 77 - ids.Length)], tokenizer.Encode(text));
        Assert.Equal((1514, StartId, EndId, EndId, 77), (tokenizer.VocabularySize, tokenizer.StartId, tokenizer.EndId, tokenizer.PadId, tokenizer.MaxLength));
    }

    [Fact]
    public void A_batch_is_a_matrix_of_the_single_encodings()
    {
        var tokenizer = ClipTokenizer.FromFolder(folder.Path);
        using var ids = tokenizer.Encode(["a cat", ""]);

        Assert.Equal([2L, 77L], ids.shape);
        Assert.Equal([.. tokenizer.Encode("a cat"), .. tokenizer.Encode("")], ids.data<long>().ToArray());
    }

    [Fact]
    public void A_short_context_keeps_the_end_token_and_another_pad_token_fills_the_rest()
    {
        File.WriteAllText(folder["tokenizer_config.json"], """{"model_max_length": 5}""");
        File.WriteAllText(folder["special_tokens_map.json"], """{"pad_token": {"content": "!", "lstrip": false}}""");
        var tokenizer = ClipTokenizer.FromFolder(folder.Path);

        Assert.Equal([StartId, 320, EndId, 0, 0], tokenizer.Encode("a"));
        Assert.Equal([StartId, 320, 320, 320, EndId], tokenizer.Encode("a a a a"));
        Assert.Equal([StartId, 320, 0, EndId, 0], tokenizer.Encode("a!"));
    }

    [Theory]
    [InlineData("x\U0001D49Cy", "xy")]
    [InlineData("'sam", "'s am")]
    [InlineData("!'s", "!'|s")]
    [InlineData("a\u00A0b\u3000c", "a b c")]
    [InlineData("ΟΔΟΣ", "οδοσ")]
    [InlineData("1½2", "1|½|2")]
    public void Words_are_cut_by_code_point(string text, string words)
    {
        var expected = words.Replace("xy", "x\U0001D49Cy", StringComparison.Ordinal).Split(' ', '|');
        Assert.Equal(expected, ClipWords.Split(text));
    }

    [Fact]
    public void A_very_long_word_is_encoded_in_reasonable_time()
    {
        var tokenizer = ClipTokenizer.FromFolder(folder.Path);
        var ids = tokenizer.Encode(new string('a', 200_000));
        Assert.Equal(EndId, ids[^1]);
    }

    [Theory]
    [InlineData("vocab.json", null, "vocab.json")]
    [InlineData("merges.txt", null, "merges.txt")]
    [InlineData("vocab.json", "{", "JSON")]
    [InlineData("vocab.json", "[]", "Array")]
    [InlineData("vocab.json", "{}", "no symbols")]
    [InlineData("vocab.json", """{"a": 0, "b": 0}""", "'b'")]
    [InlineData("vocab.json", """{"a": "x"}""", "'a'")]
    [InlineData("merges.txt", "#version: 0.2\na b c", "line 2")]
    [InlineData("merges.txt", "#version: 0.2\ni n\nqq zz", "line 3")]
    [InlineData("special_tokens_map.json", """{"pad_token": "<pad>"}""", "<pad>")]
    [InlineData("tokenizer_config.json", """{"model_max_length": 1}""", "model_max_length")]
    public void A_missing_or_damaged_file_is_named(string file, string? content, string named)
    {
        File.Delete(folder[file]);
        if (content is not null)
            File.WriteAllText(folder[file], content);

        var error = Assert.ThrowsAny<UserErrorException>(() => ClipTokenizer.FromFolder(folder.Path));
        Assert.Contains(named, error.Message);
        Assert.Contains(folder.Path, error.Message);
    }

    private static string Data(string name) => Path.Combine(GoldenData.RepositoryRoot, "tests", "Rlcm.Tests", "Models", "Clip", name);
}
