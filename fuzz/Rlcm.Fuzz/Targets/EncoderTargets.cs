using Rlcm.Models;
using Rlcm.Rewards.Alignment;

namespace Rlcm.Fuzz.Targets;

/// <summary>The tokenizers of sentence encoders, with which a text is encoded: their files in one input, with a zero between them.</summary>
internal static class EncoderTargets
{
    private static readonly string[] Others = [TokenizerFolder.ConfigName, TokenizerFolder.SpecialTokensName, "config.json"];

    /// <summary>BERT's.</summary>
    public static FuzzTarget WordPiece { get; } = Of("word-piece", "vocab.txt");

    /// <summary>RoBERTa's.</summary>
    public static FuzzTarget BytePairs { get; } = Of("byte-pairs", TokenizerFolder.VocabularyName, TokenizerFolder.MergesName);

    private static FuzzTarget Of(string name, params string[] vocabulary)
    {
        string[] files = [.. vocabulary, .. Others];
        return new(name, files[0], Read) { Write = (path, bytes) => FilesInOne.Write(Path.GetDirectoryName(path)!, files, bytes) };
    }

    private static void Read(string path)
    {
        var tokenizer = EncoderTokenizer.FromFolder(Path.GetDirectoryName(path)!);
        var ids = tokenizer.Encode("A fox 😀 don't [MASK]  <s> café 中文");
        if (ids.Length < 2 || ids.Length > tokenizer.MaxLength || Array.Exists(ids, id => id < 0 || id > tokenizer.LargestId))
            throw new InvalidOperationException("A text has other ids than it can have.");
    }
}
