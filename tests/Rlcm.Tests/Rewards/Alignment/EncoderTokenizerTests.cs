using System.Text.Json;
using Rlcm.Models.Clip;
using Rlcm.Rewards.Alignment;
using Rlcm.Runtime;
using Xunit;

namespace Rlcm.Tests.Rewards.Alignment;

/// <summary>What the golden texts do not hold. The expected words are those of BertNormalizer, BertPreTokenizer and GPT-2's pattern, by hand.</summary>
public sealed class EncoderTokenizerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("A Fox", "a fox")]
    [InlineData("café Ç İ", "cafe c i")]
    [InlineData("cafe\u0301", "cafe")]
    [InlineData("a\u0000b\u200Dc\uFFFDd\uE000", "abcd")]
    [InlineData("a\tb\nc\u00A0d\u3000e", "a b c d e")]
    [InlineData("don't; $5", "don ' t ; $ 5")]
    [InlineData("“fox”…", "“ fox ” …")]
    [InlineData("中文fox𠀀", "中 文 fox 𠀀")]
    [InlineData("ひらがな", "ひらかな")]
    [InlineData("fox😀 €", "fox😀 €")]
    [InlineData("ΑΣ", "ασ")]
    public void Words_are_those_of_BERT(string text, string expected) =>
        Assert.Equal(expected, string.Join(' ', new BertWords(LowerCase: true, StripAccents: true, SplitIdeographs: true).Split(text).Split(' ', StringSplitOptions.RemoveEmptyEntries)));

    [Theory]
    [InlineData(false, false, true, "Café 中", "Café  中")]
    [InlineData(true, false, true, "Café", "café")]
    [InlineData(false, true, false, "Café 中文", "Cafe 中文")]
    public void What_the_configuration_switches_off_is_left_alone(bool lower, bool strip, bool split, string text, string expected) =>
        Assert.Equal(expected, new BertWords(lower, strip, split).Split(text).TrimEnd());

    [Theory]
    [InlineData("a fox", "a| fox")]
    [InlineData("don't we'll", "don|'t| we|'ll")]
    [InlineData(" 's", " '|s")]
    [InlineData("cat12 34!? x", "cat|12| 34|!?| x")]
    [InlineData("a   b", "a|  | b")]
    [InlineData("a\t\tb  ", "a|\t|\t|b|  ")]
    [InlineData("𝐀𝐛c😀😀", "𝐀𝐛c|😀😀")]
    public void Words_of_bytes_are_those_of_GPT2(string text, string expected) =>
        Assert.Equal(expected.Split('|'), new ByteLevelWords().PreTokenize(text).Select(word => text.Substring(word.Offset, word.Length)));

    [Fact]
    public void Emoji_are_unknown_words_and_long_texts_are_cut()
    {
        WriteBert("""{"model_max_length": 5}""");
        var tokenizer = EncoderTokenizer.FromFolder(_folder.Path);
        Assert.Equal((2, 3, 6, 5), (tokenizer.StartId, tokenizer.EndId, tokenizer.LargestId, tokenizer.MaxLength));
        Assert.Equal([2, 1, 4, 3], tokenizer.Encode(" 😀 Cat "));
        Assert.Equal([2, 4, 5, 4, 3], tokenizer.Encode("cats cats cats"));
        Assert.Equal([2, 1, 3], tokenizer.Encode("[MASK]dog\ud83d"[6..]));
        Assert.Equal([2, 3], tokenizer.Encode("\u200d"));
    }

    [Fact]
    public void The_maximum_is_the_smaller_of_what_tokenizer_and_model_say()
    {
        WriteBert("""{"model_max_length": 1000000000000000019884624838656}""");
        Assert.Equal(512, EncoderTokenizer.FromFolder(_folder.Path).MaxLength);
        File.WriteAllText(_folder["config.json"], """{"model_type": "bert", "max_position_embeddings": 40, "pad_token_id": 0}""");
        Assert.Equal(40, EncoderTokenizer.FromFolder(_folder.Path).MaxLength);
        File.WriteAllText(_folder["config.json"], """{"model_type": "roberta", "max_position_embeddings": 40, "pad_token_id": 1}""");
        Assert.Equal(38, EncoderTokenizer.FromFolder(_folder.Path).MaxLength);
    }

    [Fact]
    public void A_space_goes_before_the_first_word_where_the_configuration_says_so()
    {
        string[] symbols = ["<s>", "</s>", "<unk>", .. ByteAlphabet.Symbols.Take(256), "Ġa"];
        File.WriteAllText(_folder["vocab.json"], JsonSerializer.Serialize(symbols.Index().ToDictionary(entry => entry.Item, entry => entry.Index)));
        File.WriteAllText(_folder["merges.txt"], "#version: 0.2\nĠ a\n");
        int At(string symbol) => Array.IndexOf(symbols, symbol);
        Assert.Equal([0, At("a"), At("Ġa"), 1], EncoderTokenizer.FromFolder(_folder.Path).Encode("a a"));
        File.WriteAllText(_folder["tokenizer_config.json"], """{"add_prefix_space": true, "tokenizer_class": "RobertaTokenizerFast"}""");
        Assert.Equal([0, At("Ġa"), At("Ġa"), 1], EncoderTokenizer.FromFolder(_folder.Path).Encode("a a"));
    }

    [Theory]
    [InlineData("tokenizer_config.json", """{"tokenizer_class": "BertJapaneseTokenizer"}""", "tokenizer_class = BertJapaneseTokenizer is not supported with these files, expected one of BertTokenizer, ")]
    [InlineData("tokenizer_config.json", """{"do_basic_tokenize": false}""", "do_basic_tokenize = false is not supported")]
    [InlineData("tokenizer_config.json", """{"do_lower_case": 1}""", "do_lower_case is 1, expected true or false")]
    [InlineData("tokenizer_config.json", """{"cls_token": "<s>"}""", "it lacks the cls_token '<s>'")]
    [InlineData("vocab.txt", "[UNK]\n[CLS]\n", "it lacks the sep_token '[SEP]'")]
    [InlineData("vocab.txt", "[UNK]\n[CLS]\n[SEP]\na\n\nb\n", "line 5 is '', expected a token of its own")]
    [InlineData("vocab.txt", "[UNK]\n[CLS]\n[SEP]\na\na\n", "line 5 is 'a', expected a token of its own")]
    [InlineData("config.json", """{"max_position_embeddings": 2}""", "max_position_embeddings = 2 leaves no place for a text")]
    [InlineData("config.json", """{"max_position_embeddings": "many"}""", "max_position_embeddings is \"many\", expected a number")]
    public void Files_that_cannot_be_used_are_refused_by_name(string file, string content, string expected)
    {
        WriteBert("{}");
        File.WriteAllText(_folder[file], content);
        var error = Assert.Throws<FileContentException>(() => EncoderTokenizer.FromFolder(_folder.Path)).Message;
        Assert.StartsWith(_folder.Path, error, StringComparison.Ordinal);
        Assert.Contains($": {expected}", error, StringComparison.Ordinal);
        Assert.EndsWith(".", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tokenizer_config.json", "{", "tokenizer")]
    [InlineData("tokenizer_config.json", "[]", "tokenizer")]
    [InlineData("config.json", "{", "model")]
    [InlineData("config.json", "[]", "model")]
    [InlineData("config.json", """{"max_position_embeddings": 2}""", "model")]
    public void A_damaged_file_is_to_be_fetched_again_with_what_it_belongs_to(string file, string content, string owner)
    {
        WriteBert("{}");
        File.WriteAllText(_folder[file], content);
        Assert.EndsWith($"; fetch the {owner} again.", Assert.Throws<FileContentException>(() => EncoderTokenizer.FromFolder(_folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_vocabulary_without_all_bytes_or_no_vocabulary_is_refused()
    {
        var error = Assert.Throws<UserErrorException>(() => EncoderTokenizer.FromFolder(_folder.Path)).Message;
        Assert.Equal($"Cannot find the tokenizer file {_folder["vocab.json"]}; the folder must hold vocab.txt, or vocab.json and merges.txt.", error);
        File.WriteAllText(_folder["vocab.json"], """{"<s>": 0, "</s>": 1, "<unk>": 2, "!": 3}""");
        Assert.Contains("it lacks '\"', one of the 256 symbols of bytes", Assert.Throws<FileContentException>(() => EncoderTokenizer.FromFolder(_folder.Path)).Message, StringComparison.Ordinal);
    }

    private void WriteBert(string config)
    {
        File.WriteAllText(_folder["vocab.txt"], "[PAD]\n[UNK]\n[CLS]\n[SEP]\ncat\n##s\nfox\n");
        File.WriteAllText(_folder["tokenizer_config.json"], config);
    }
}
