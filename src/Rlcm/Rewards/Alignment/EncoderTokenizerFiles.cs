using System.Text;
using System.Text.Json;
using Rlcm.Models;
using Rlcm.Models.Clip;

namespace Rlcm.Rewards.Alignment;

/// <summary>What the files of a sentence encoder's tokenizer say, checked against each other.</summary>
internal sealed class EncoderTokenizerFiles
{
    private const string WordPieceName = "vocab.txt";
    private const int DefaultMaxLength = 512; // of BERT and RoBERTa
    private const int Bytes = 256;

    /// <summary>All files that are read; some need not be there.</summary>
    public static readonly IReadOnlyList<string> Names =
        [WordPieceName, TokenizerFolder.VocabularyName, TokenizerFolder.MergesName, TokenizerFolder.ConfigName, TokenizerFolder.SpecialTokensName, TokenizerFolder.ModelConfigName];

    // Classes of transformers, without the "Fast" at their end, whose ids are those that are made here.
    private static readonly string[] WordPieceClasses = ["BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer", "MobileBertTokenizer"];
    private static readonly string[] BytePairClasses = ["RobertaTokenizer", "DebertaTokenizer", "LongformerTokenizer"];

    // Models that count positions from beyond the padding's id.
    private static readonly string[] CountBeyondPadding = ["roberta", "longformer"];

    private readonly TokenizerFolder _folder;
    private readonly JsonElement _config;

    private EncoderTokenizerFiles(string folder)
    {
        _folder = new(folder, $"{WordPieceName}, or {TokenizerFolder.VocabularyName} and {TokenizerFolder.MergesName}");
        var isWordPiece = _folder.Has(WordPieceName);
        Vocabulary = isWordPiece ? ReadLines() : ReadVocabulary();
        Merges = isWordPiece ? null : [.. _folder.ReadMerges(Vocabulary).Distinct().Select(merge => $"{merge.Left} {merge.Right}")];
        _config = _folder.ReadObject(TokenizerFolder.ConfigName, required: false);
        RequireClass(isWordPiece ? WordPieceClasses : BytePairClasses);
        var special = _folder.ReadObject(TokenizerFolder.SpecialTokensName, required: false);
        StartId = Id(special, "cls_token", "[CLS]", "<s>");
        EndId = Id(special, "sep_token", "[SEP]", "</s>");
        UnknownToken = Token(special, "unk_token", "[UNK]", "<unk>");
        MaxLength = Math.Min(_folder.ReadMaxLength(_config) ?? int.MaxValue, ReadPositions() ?? DefaultMaxLength);
        var isLower = Flag("do_lower_case", fallback: true);
        Words = new(isLower, Flag("strip_accents", fallback: isLower), Flag("tokenize_chinese_chars", fallback: true));
        AddPrefixSpace = Flag("add_prefix_space", fallback: false);
        if (!Flag("do_basic_tokenize", fallback: true))
            throw _folder.NotSupported(TokenizerFolder.ConfigName, "do_basic_tokenize", "do_basic_tokenize = false is not supported, expected true");
    }

    public Dictionary<string, int> Vocabulary { get; }

    /// <summary>Pairs of symbols, <c>a b</c>, in order of their rank; null for WordPiece.</summary>
    public IReadOnlyList<string>? Merges { get; }

    public int StartId { get; }

    public int EndId { get; }

    public int LargestId => Vocabulary.Values.Max();

    public string UnknownToken { get; }

    public int MaxLength { get; }

    public BertWords Words { get; }

    public bool AddPrefixSpace { get; }

    public static EncoderTokenizerFiles Read(string folder) => new(folder);

    /// <summary>The vocabulary of WordPiece again, a token a line.</summary>
    public byte[] VocabularyLines() => Encoding.UTF8.GetBytes(string.Join('\n', Vocabulary.OrderBy(entry => entry.Value).Select(entry => entry.Key)));

    private void RequireClass(string[] known)
    {
        if (TokenizerFolder.TokenText("tokenizer_class", _config) is { } name && !known.Contains(name.EndsWith("Fast", StringComparison.Ordinal) ? name[..^"Fast".Length] : name, StringComparer.Ordinal))
            throw _folder.NotSupported(TokenizerFolder.ConfigName, "tokenizer_class", $"tokenizer_class = {name} is not supported with these files, expected one of {string.Join(", ", known)}");
    }

    private Dictionary<string, int> ReadLines()
    {
        var vocabulary = new Dictionary<string, int>(StringComparer.Ordinal);
        var text = _folder.ReadText(WordPieceName).Replace("\r\n", "\n", StringComparison.Ordinal);
        var lines = (text.EndsWith('\n') ? text[..^1] : text).Split('\n');
        for (var number = 0; number < lines.Length; number++)
        {
            if (lines[number].Length == 0 || lines[number].Contains('\r', StringComparison.Ordinal) || !vocabulary.TryAdd(lines[number], number))
                throw _folder.Damaged(WordPieceName, $"line {number + 1}", $"line {number + 1} is '{lines[number]}', expected a token of its own");
        }

        return vocabulary;
    }

    private Dictionary<string, int> ReadVocabulary()
    {
        var vocabulary = _folder.ReadVocabulary();
        return ByteAlphabet.Symbols.Take(Bytes).FirstOrDefault(symbol => !vocabulary.ContainsKey(symbol)) is { } missing
            ? throw _folder.Damaged(TokenizerFolder.VocabularyName, null, $"it lacks '{missing}', one of the {Bytes} symbols of bytes")
            : vocabulary;
    }

    private int Id(JsonElement special, string name, params string[] usual) => Vocabulary[Token(special, name, usual)];

    private string Token(JsonElement special, string name, params string[] usual)
    {
        var text = TokenizerFolder.TokenText(name, special, _config) ?? usual.FirstOrDefault(Vocabulary.ContainsKey) ?? usual[0];
        return Vocabulary.ContainsKey(text) ? text : throw _folder.Damaged(Merges is null ? WordPieceName : TokenizerFolder.VocabularyName, null, $"it lacks the {name} '{text}'");
    }

    /// <summary>How many ids the model has positions for; null where its configuration is not there or does not say.</summary>
    private int? ReadPositions()
    {
        var config = _folder.ReadObject(TokenizerFolder.ModelConfigName, required: false);
        if (config.ValueKind != JsonValueKind.Object || !config.TryGetProperty("max_position_embeddings", out _))
            return null;
        var kind = TokenizerFolder.TokenText("model_type", config);
        var positions = Number(config, "max_position_embeddings", 0);
        var used = CountBeyondPadding.Contains(kind, StringComparer.Ordinal) ? positions - Number(config, "pad_token_id", 1) - 1 : positions;
        return used > 2 ? used : throw _folder.Damaged(TokenizerFolder.ModelConfigName, "max_position_embeddings", $"max_position_embeddings = {positions} leaves no place for a text");
    }

    private int Number(JsonElement config, string name, int fallback)
    {
        const int Largest = 1 << 20;
        if (!config.TryGetProperty(name, out var value))
            return fallback;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number is >= 0 and <= Largest
            ? number
            : throw _folder.Damaged(TokenizerFolder.ModelConfigName, name, $"{name} is {value.GetRawText()}, expected a number in 0..{Largest}");
    }

    private bool Flag(string name, bool fallback)
    {
        if (_config.ValueKind != JsonValueKind.Object || !_config.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
            return fallback;
        return value.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? value.GetBoolean()
            : throw _folder.Damaged(TokenizerFolder.ConfigName, name, $"{name} is {value.GetRawText()}, expected true or false");
    }
}
