using System.Text.Json;
using Rlcm.Runtime;

namespace Rlcm.Models.Clip;

/// <summary>What the files of a CLIP tokenizer folder say, checked against each other.</summary>
internal sealed class ClipTokenizerFiles
{
    public const string VocabularyName = "vocab.json";
    public const string MergesName = "merges.txt";
    public const string ConfigName = "tokenizer_config.json";
    public const string SpecialTokensName = "special_tokens_map.json";
    public const string MergesHeader = "#version";
    public const string DefaultStart = "<|startoftext|>";
    public const string DefaultEnd = "<|endoftext|>";
    public const int DefaultMaxLength = 77;

    /// <summary>All files that are read; the last two need not be there.</summary>
    public static readonly IReadOnlyList<string> Names = [VocabularyName, MergesName, ConfigName, SpecialTokensName];

    // Tokenizers without a limit carry 1e30 there.
    private const double LargestMaxLength = 1 << 20;

    private readonly string _folder;
    private readonly JsonElement _config;
    private readonly JsonElement _specialTokensMap;

    private ClipTokenizerFiles(string folder)
    {
        _folder = folder;
        Vocabulary = ReadVocabulary();
        Merges = ReadMerges();
        _config = ReadObject(ConfigName, required: false);
        _specialTokensMap = ReadObject(SpecialTokensName, required: false);
        var start = SpecialToken("bos_token", DefaultStart);
        var end = SpecialToken("eos_token", DefaultEnd);
        var unknown = SpecialToken("unk_token", end.Text);
        var pad = SpecialToken("pad_token", end.Text);
        (StartId, EndId, UnknownId, PadId) = (start.Id, end.Id, unknown.Id, pad.Id);
        SpecialTokens = [.. new[] { start, end, unknown, pad }.Distinct()];
        MaxLength = ReadMaxLength();
    }

    public Dictionary<string, int> Vocabulary { get; }

    public Dictionary<(int Left, int Right), (int Rank, int Id)> Merges { get; }

    public IReadOnlyList<(string Text, int Id)> SpecialTokens { get; }

    public int StartId { get; }

    public int EndId { get; }

    public int UnknownId { get; }

    public int PadId { get; }

    public int MaxLength { get; }

    public static ClipTokenizerFiles Read(string folder) => new(folder);

    private Dictionary<string, int> ReadVocabulary()
    {
        var vocabulary = new Dictionary<string, int>(StringComparer.Ordinal);
        var ids = new HashSet<int>();
        foreach (var item in ReadObject(VocabularyName, required: true).EnumerateObject())
        {
            if (item.Value.ValueKind != JsonValueKind.Number || !item.Value.TryGetInt32(out var id) || id is < 0 or int.MaxValue || !ids.Add(id))
                throw Damaged(VocabularyName, item.Name, $"'{item.Name}' has the id {item.Value.GetRawText()}, expected a number of its own from 0 up");
            vocabulary[item.Name] = id;
        }

        return vocabulary.Count > 0 ? vocabulary : throw Damaged(VocabularyName, null, "it holds no symbols");
    }

    private Dictionary<(int Left, int Right), (int Rank, int Id)> ReadMerges()
    {
        var merges = new Dictionary<(int Left, int Right), (int Rank, int Id)>();
        var lines = Utf8Text.Read(PathOf(MergesName)).Split('\n');
        for (var number = 0; number < lines.Length; number++)
        {
            var line = lines[number].TrimEnd('\r');
            if (line.Length == 0 || (number == 0 && line.StartsWith(MergesHeader, StringComparison.Ordinal)))
                continue;
            if (line.Split(' ') is not [var left, var right] || left.Length == 0 || right.Length == 0)
                throw Damaged(MergesName, $"line {number + 1}", $"line {number + 1} is '{line}', expected two symbols with a space between");
            if (!Vocabulary.TryGetValue(left, out var leftId) || !Vocabulary.TryGetValue(right, out var rightId) || !Vocabulary.TryGetValue(left + right, out var id))
                throw Damaged(MergesName, $"line {number + 1}", $"line {number + 1}, '{line}', uses or makes a symbol that {VocabularyName} lacks");
            merges.TryAdd((leftId, rightId), (merges.Count, id));
        }

        return merges;
    }

    private (string Text, int Id) SpecialToken(string name, string fallback)
    {
        var text = TokenText(_specialTokensMap, name) ?? TokenText(_config, name) ?? fallback;
        return Vocabulary.TryGetValue(text, out var id) ? (text, id) : throw Damaged(VocabularyName, null, $"it lacks the {name} '{text}'");
    }

    /// <summary>A token is a string or an object with its string as <c>content</c>.</summary>
    private static string? TokenText(JsonElement map, string name)
    {
        if (map.ValueKind != JsonValueKind.Object || !map.TryGetProperty(name, out var token))
            return null;
        if (token.ValueKind == JsonValueKind.Object && token.TryGetProperty("content", out var content))
            token = content;
        return token.ValueKind == JsonValueKind.String && token.GetString() is { Length: > 0 } text ? text : null;
    }

    private int ReadMaxLength()
    {
        if (_config.ValueKind != JsonValueKind.Object || !_config.TryGetProperty("model_max_length", out var value))
            return DefaultMaxLength;
        if (value.ValueKind != JsonValueKind.Number || value.GetDouble() is < 2 or double.NaN)
            throw Damaged(ConfigName, "model_max_length", $"model_max_length is {value.GetRawText()}, expected a number from 2 up");
        return value.GetDouble() > LargestMaxLength ? DefaultMaxLength : (int)value.GetDouble();
    }

    private JsonElement ReadObject(string name, bool required)
    {
        if (!required && !File.Exists(Path.Combine(_folder, name)))
            return default;
        try
        {
            using var document = StrictJson.Parse(UserFile.Read(PathOf(name)));
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document.RootElement.Clone()
                : throw Damaged(name, null, $"it is a JSON {document.RootElement.ValueKind}, expected an object");
        }
        catch (JsonException error)
        {
            throw new FileContentException(Path.Combine(_folder, name), JsonMistake.PositionOf(error), $"{Path.Combine(_folder, name)} is not valid JSON ({JsonMistake.Describe(error)}); fetch the tokenizer again.", error);
        }
    }

    private string PathOf(string name) => Path.Combine(_folder, name) is var path && File.Exists(path)
        ? path
        : throw new UserErrorException($"Cannot find the tokenizer file {path}; the folder must hold {VocabularyName} and {MergesName}.");

    private FileContentException Damaged(string name, string? position, string what) =>
        new(Path.Combine(_folder, name), position, $"{Path.Combine(_folder, name)}: {what}; fetch the tokenizer again.");
}
