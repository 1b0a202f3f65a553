using Microsoft.ML.Tokenizers;
using Rlcm.Models;
using Rlcm.Models.Clip;
using Rlcm.Runtime;

namespace Rlcm.Rewards.Alignment;

/// <summary>
/// The tokenizer of a sentence encoder, from its files as transformers writes them: BERT's (WordPiece, <c>vocab.txt</c>) or RoBERTa's (byte-level
/// byte-pair encoding, <c>vocab.json</c> and <c>merges.txt</c>), with the ids of their <em>fast</em> classes. Special tokens in a text are text like any other.
/// </summary>
public sealed class EncoderTokenizer
{
    private readonly Func<string, IEnumerable<int>> _encode;

    private EncoderTokenizer(EncoderTokenizerFiles files, Func<string, IEnumerable<int>> encode)
    {
        (StartId, EndId, LargestId, MaxLength) = (files.StartId, files.EndId, files.LargestId, files.MaxLength);
        _encode = encode;
    }

    /// <summary>The id that begins every text, <c>[CLS]</c> or <c>&lt;s&gt;</c>.</summary>
    public int StartId { get; }

    /// <summary>The id that ends every text, <c>[SEP]</c> or <c>&lt;/s&gt;</c>, kept when a text is cut.</summary>
    public int EndId { get; }

    /// <summary>The largest id: an embedding needs a row more.</summary>
    public int LargestId { get; }

    /// <summary>The most ids of a text, the two special ones included.</summary>
    public int MaxLength { get; }

    /// <summary>Reads the tokenizer's files in <paramref name="folder"/>.</summary>
    /// <exception cref="UserErrorException">A file is missing or damaged, they disagree, or ask for what is not supported.</exception>
    public static EncoderTokenizer FromFolder(string folder)
    {
        var files = EncoderTokenizerFiles.Read(folder);
        return files.Merges is null ? WordPiece(files) : BytePairs(files);
    }

    /// <summary>The ids of <paramref name="text"/> without white space around it: start, as many ids of the text as fit, end.</summary>
    public int[] Encode(string text)
    {
        var whole = string.Concat(text.Trim().EnumerateRunes()); // halves of characters become U+FFFD
        return [StartId, .. whole.Length == 0 ? [] : _encode(whole).Take(MaxLength - 2), EndId];
    }

    private static EncoderTokenizer WordPiece(EncoderTokenizerFiles files)
    {
        using var vocabulary = new MemoryStream(files.VocabularyLines());
        var pieces = WordPieceTokenizer.Create(vocabulary, new WordPieceOptions { UnknownToken = files.UnknownToken, PreTokenizer = PreTokenizer.CreateWhiteSpace() });
        var words = files.Words;
        return new(files, text => pieces.EncodeToIds(words.Split(text)));
    }

    private static EncoderTokenizer BytePairs(EncoderTokenizerFiles files)
    {
        var pairs = BpeTokenizer.Create(new BpeOptions(files.Vocabulary) { Merges = files.Merges, ByteLevel = true, PreTokenizer = new ByteLevelWords() });
        return new(files, text => pairs.EncodeToIds(files.AddPrefixSpace ? $" {text}" : text));
    }
}
