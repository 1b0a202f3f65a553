using System.Text.Json;

namespace Rlcm.Models.Clip;

/// <summary>What the files of a CLIP tokenizer folder say, checked against each other.</summary>
internal sealed class ClipTokenizerFiles
{
    public const string DefaultStart = "<|startoftext|>";
    public const string DefaultEnd = "<|endoftext|>";
    public const int DefaultMaxLength = 77;

    /// <summary>All files that are read; the last two need not be there.</summary>
    public static readonly IReadOnlyList<string> Names = [TokenizerFolder.VocabularyName, TokenizerFolder.MergesName, TokenizerFolder.ConfigName, TokenizerFolder.SpecialTokensName];

    private readonly TokenizerFolder _folder;
    private readonly JsonElement _config;
    private readonly JsonElement _specialTokensMap;

    private ClipTokenizerFiles(string folder)
    {
        _folder = new(folder, $"{TokenizerFolder.VocabularyName} and {TokenizerFolder.MergesName}");
        Vocabulary = _folder.ReadVocabulary();
        Merges = ReadMerges();
        _config = _folder.ReadObject(TokenizerFolder.ConfigName, required: false);
        _specialTokensMap = _folder.ReadObject(TokenizerFolder.SpecialTokensName, required: false);
        var start = SpecialToken("bos_token", DefaultStart);
        var end = SpecialToken("eos_token", DefaultEnd);
        var unknown = SpecialToken("unk_token", end.Text);
        var pad = SpecialToken("pad_token", end.Text);
        (StartId, EndId, UnknownId, PadId) = (start.Id, end.Id, unknown.Id, pad.Id);
        SpecialTokens = [.. new[] { start, end, unknown, pad }.Distinct()];
        MaxLength = _folder.ReadMaxLength(_config) ?? DefaultMaxLength;
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

    private Dictionary<(int Left, int Right), (int Rank, int Id)> ReadMerges()
    {
        var merges = new Dictionary<(int Left, int Right), (int Rank, int Id)>();
        foreach (var (left, right) in _folder.ReadMerges(Vocabulary))
            merges.TryAdd((Vocabulary[left], Vocabulary[right]), (merges.Count, Vocabulary[left + right]));
        return merges;
    }

    private (string Text, int Id) SpecialToken(string name, string fallback)
    {
        var text = TokenizerFolder.TokenText(name, _specialTokensMap, _config) ?? fallback;
        return Vocabulary.TryGetValue(text, out var id) ? (text, id) : throw _folder.Damaged(TokenizerFolder.VocabularyName, null, $"it lacks the {name} '{text}'");
    }
}
