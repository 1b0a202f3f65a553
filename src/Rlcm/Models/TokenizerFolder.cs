using System.Text.Json;
using Rlcm.Runtime;

namespace Rlcm.Models;

/// <summary>The small files of a tokenizer as transformers writes them, each read strictly.</summary>
/// <param name="folder">Where they are.</param>
/// <param name="needed">The files that it must hold, for messages.</param>
internal sealed class TokenizerFolder(string folder, string needed)
{
    public const string VocabularyName = "vocab.json";
    public const string MergesName = "merges.txt";
    public const string ConfigName = "tokenizer_config.json";
    public const string SpecialTokensName = "special_tokens_map.json";
    public const string ModelConfigName = "config.json"; // the model's, which lies beside them
    public const string MergesHeader = "#version";

    // Tokenizers without a limit carry 1e30 there.
    private const double LargestMaxLength = 1 << 20;

    /// <summary>Symbols and their ids, of <see cref="VocabularyName"/>.</summary>
    public Dictionary<string, int> ReadVocabulary()
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

    /// <summary>Pairs of symbols in order of their rank, of <see cref="MergesName"/>; they and what they become are in <paramref name="vocabulary"/>.</summary>
    public IEnumerable<(string Left, string Right)> ReadMerges(IReadOnlyDictionary<string, int> vocabulary)
    {
        var lines = ReadText(MergesName).Split('\n');
        for (var number = 0; number < lines.Length; number++)
        {
            var line = lines[number].TrimEnd('\r');
            if (line.Length == 0 || (number == 0 && line.StartsWith(MergesHeader, StringComparison.Ordinal)))
                continue;
            if (line.Split(' ') is not [var left, var right] || left.Length == 0 || right.Length == 0)
                throw Damaged(MergesName, $"line {number + 1}", $"line {number + 1} is '{line}', expected two symbols with a space between");
            if (!vocabulary.ContainsKey(left) || !vocabulary.ContainsKey(right) || !vocabulary.ContainsKey(left + right))
                throw Damaged(MergesName, $"line {number + 1}", $"line {number + 1}, '{line}', uses or makes a symbol that {VocabularyName} lacks");
            yield return (left, right);
        }
    }

    /// <summary>A token that the first of <paramref name="maps"/> names which has it: a string, or an object with its string as <c>content</c>.</summary>
    public static string? TokenText(string name, params ReadOnlySpan<JsonElement> maps)
    {
        foreach (var map in maps)
        {
            if (map.ValueKind != JsonValueKind.Object || !map.TryGetProperty(name, out var token))
                continue;
            if (token.ValueKind == JsonValueKind.Object && token.TryGetProperty("content", out var content))
                token = content;
            if (token.ValueKind == JsonValueKind.String && token.GetString() is { Length: > 0 } text)
                return text;
        }

        return null;
    }

    /// <summary><c>model_max_length</c> of <paramref name="config"/>, the content of <see cref="ConfigName"/>; null where it sets no limit.</summary>
    public int? ReadMaxLength(JsonElement config)
    {
        if (config.ValueKind != JsonValueKind.Object || !config.TryGetProperty("model_max_length", out var value))
            return null;
        if (value.ValueKind != JsonValueKind.Number || value.GetDouble() is < 2 or double.NaN)
            throw Damaged(ConfigName, "model_max_length", $"model_max_length is {value.GetRawText()}, expected a number from 2 up");
        return value.GetDouble() > LargestMaxLength ? null : (int)value.GetDouble();
    }

    /// <summary>The object in the file <paramref name="name"/>; undefined where it is not there and need not be.</summary>
    public JsonElement ReadObject(string name, bool required)
    {
        if (!required && !Has(name))
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
            throw new FileContentException(Path.Combine(folder, name), JsonMistake.PositionOf(error), $"{Path.Combine(folder, name)} is not valid JSON ({JsonMistake.Describe(error)}); {Advice(name)}.", error);
        }
    }

    /// <summary>The text of the file <paramref name="name"/>.</summary>
    public string ReadText(string name) => Utf8Text.Read(PathOf(name));

    /// <summary>Whether there is a file <paramref name="name"/>.</summary>
    public bool Has(string name) => File.Exists(Path.Combine(folder, name));

    /// <summary>The error that <paramref name="what"/> is wrong in the file <paramref name="name"/>.</summary>
    public FileContentException Damaged(string name, string? position, string what) =>
        new(Path.Combine(folder, name), position, $"{Path.Combine(folder, name)}: {what}; {Advice(name)}.");

    /// <summary>The error that the file <paramref name="name"/> asks for what is not done here.</summary>
    public FileContentException NotSupported(string name, string position, string what) =>
        new(Path.Combine(folder, name), position, $"{Path.Combine(folder, name)}: {what}; take another model.");

    private string PathOf(string name) => Has(name)
        ? Path.Combine(folder, name)
        : throw new UserErrorException($"Cannot find the tokenizer file {Path.Combine(folder, name)}; the folder must hold {needed}.");

    private static string Advice(string name) => $"fetch the {(name == ModelConfigName ? "model" : "tokenizer")} again";
}
