using static TorchSharp.torch;

namespace Rlcm.Models.Clip;

/// <summary>
/// CLIP's byte-pair tokenizer with the ids of the <em>fast</em> tokenizer of transformers: no ftfy, accents kept, special tokens
/// recognized in the text. Safe for concurrent use.
/// </summary>
/// <remarks>Source: openai/CLIP clip/simple_tokenizer.py and transformers <c>CLIPConverter</c>.</remarks>
public sealed class ClipTokenizer
{
    private readonly BytePairEncoding _encoding;
    private readonly (string Text, int Id)[] _specialTokens;

    internal ClipTokenizer(ClipTokenizerFiles files)
    {
        _encoding = new BytePairEncoding(files.Vocabulary, files.Merges, files.UnknownId);
        _specialTokens = [.. files.SpecialTokens.OrderByDescending(token => token.Text.Length)];
        VocabularySize = files.Vocabulary.Values.Max() + 1;
        StartId = files.StartId;
        EndId = files.EndId;
        PadId = files.PadId;
        MaxLength = files.MaxLength;
    }

    /// <summary>One more than the largest id: the rows an embedding needs.</summary>
    public int VocabularySize { get; }

    /// <summary>The id that begins every text.</summary>
    public long StartId { get; }

    /// <summary>The id that ends every text, kept when a text is cut.</summary>
    public long EndId { get; }

    /// <summary>The id that fills the rest; in most CLIP models the same as <see cref="EndId"/>.</summary>
    public long PadId { get; }

    /// <summary>S, the number of ids of every text (<c>model_max_length</c>; 77 in CLIP).</summary>
    public int MaxLength { get; }

    /// <summary>Reads <c>vocab.json</c>, <c>merges.txt</c>, <c>tokenizer_config.json</c> and <c>special_tokens_map.json</c> of <paramref name="folder"/>.</summary>
    /// <exception cref="Runtime.UserErrorException">A file is missing or damaged, or they disagree.</exception>
    public static ClipTokenizer FromFolder(string folder) => new(ClipTokenizerFiles.Read(folder));

    /// <summary>The ids of <paramref name="text"/>, [S]: start, as many ids of the text as fit, end, padding.</summary>
    public long[] Encode(string text)
    {
        var ids = new long[MaxLength];
        var length = 0;
        ids[length++] = StartId;
        foreach (var id in EncodeBody(text).Take(MaxLength - 2))
            ids[length++] = id;
        ids[length++] = EndId;
        ids.AsSpan(length).Fill(PadId);
        return ids;
    }

    /// <summary>The ids of <paramref name="texts"/>, [N, S] Int64 on the CPU.</summary>
    public Tensor Encode(IReadOnlyList<string> texts) =>
        tensor(texts.SelectMany(Encode).ToArray(), texts.Count, MaxLength);

    private IEnumerable<int> EncodeBody(string text)
    {
        for (var start = 0; start < text.Length;)
        {
            var (end, special) = NextSpecialToken(text, start);
            foreach (var word in ClipWords.Split(text[start..end]))
            {
                foreach (var id in _encoding.Encode(word))
                    yield return id;
            }

            if (special is { } token)
                yield return token.Id;
            start = end + (special?.Text.Length ?? 0);
        }
    }

    /// <summary>Where the next special token begins, the longest if several begin there; the end of the text when there is none.</summary>
    private (int Position, (string Text, int Id)? Token) NextSpecialToken(string text, int start)
    {
        (int Position, (string Text, int Id)? Token) found = (text.Length, null);
        foreach (var token in _specialTokens)
        {
            var last = Math.Min(text.Length, found.Position + token.Text.Length - 1);
            var position = text.IndexOf(token.Text, start, last - start, StringComparison.Ordinal);
            if (position >= 0)
                found = (position, token);
        }

        return found;
    }
}
