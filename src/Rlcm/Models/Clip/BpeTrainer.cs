using System.Text.Encodings.Web;
using System.Text.Json;
using Rlcm.Runtime;

namespace Rlcm.Models.Clip;

/// <summary>Learns the merges of a <see cref="ClipTokenizer"/> from captions and writes its folder.</summary>
/// <remarks>Sennrich et al. 2016, algorithm 1, over the byte-level alphabet of CLIP.</remarks>
public static class BpeTrainer
{
    /// <summary>
    /// Learns up to <paramref name="mergeCount"/> merges: always the most frequent pair of neighboring symbols, the ordinally smallest
    /// among equals. Stops when no pair occurs <paramref name="minimumCount"/> times.
    /// </summary>
    /// <returns>The pairs in order of their rank.</returns>
    public static IReadOnlyList<(string Left, string Right)> Learn(IEnumerable<string> captions, int mergeCount, int minimumCount = 2)
    {
        var words = captions
            .SelectMany(ClipWords.Split)
            .CountBy(word => word, StringComparer.Ordinal)
            .OrderBy(word => word.Key, StringComparer.Ordinal)
            .Select(word => (Symbols: ByteAlphabet.Split(word.Key), Count: word.Value))
            .ToList();
        var pairs = new PairCounts();
        for (var index = 0; index < words.Count; index++)
            pairs.Add(index, words[index].Symbols, words[index].Count);

        var merges = new List<(string Left, string Right)>();
        while (merges.Count < mergeCount && pairs.MostFrequent(minimumCount) is { } best)
        {
            merges.Add(best);
            foreach (var index in pairs.WordsWith(best))
            {
                var (symbols, count) = words[index];
                pairs.Add(index, symbols, -count);
                MergeAll(symbols, best);
                pairs.Add(index, symbols, count);
            }
        }

        return merges;
    }

    /// <summary>
    /// Writes <c>vocab.json</c> (512 byte symbols, merges, <c>&lt;|startoftext|&gt;</c>, <c>&lt;|endoftext|&gt;</c>), <c>merges.txt</c>,
    /// <c>tokenizer_config.json</c> and <c>special_tokens_map.json</c> into <paramref name="folder"/>, as CLIPTokenizer of transformers reads them.
    /// </summary>
    /// <param name="folder">An existing folder.</param>
    /// <param name="merges">The pairs in order of their rank.</param>
    /// <param name="maxLength">S, the length of every text in ids, start and end included; at least 2.</param>
    public static void Write(string folder, IReadOnlyList<(string Left, string Right)> merges, int maxLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, 2);
        var vocabulary = ByteAlphabet.Symbols
            .Concat(merges.Select(merge => merge.Left + merge.Right).Distinct(StringComparer.Ordinal))
            .Append(ClipTokenizerFiles.DefaultStart)
            .Append(ClipTokenizerFiles.DefaultEnd)
            .Select((symbol, id) => KeyValuePair.Create(symbol, id));
        WriteObject(folder, TokenizerFolder.VocabularyName, vocabulary);

        var lines = merges.Select(merge => $"{merge.Left} {merge.Right}\n").Prepend($"{TokenizerFolder.MergesHeader}: 0.2\n");
        AtomicFile.Write(
            Path.Combine(folder, TokenizerFolder.MergesName),
            stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(string.Concat(lines))));

        KeyValuePair<string, string>[] specialTokens =
        [
            new("bos_token", ClipTokenizerFiles.DefaultStart),
            new("eos_token", ClipTokenizerFiles.DefaultEnd),
            new("unk_token", ClipTokenizerFiles.DefaultEnd),
            new("pad_token", ClipTokenizerFiles.DefaultEnd),
        ];
        WriteObject(folder, TokenizerFolder.SpecialTokensName, specialTokens);
        KeyValuePair<string, object>[] config =
        [
            new("tokenizer_class", "CLIPTokenizer"),
            new("add_prefix_space", false),
            new("do_lower_case", true),
            new("errors", "replace"),
            new("model_max_length", maxLength),
            .. specialTokens.Select(token => KeyValuePair.Create(token.Key, (object)token.Value)),
        ];
        WriteObject(folder, TokenizerFolder.ConfigName, config);
    }

    /// <summary>Replaces every occurrence of <paramref name="pair"/>, from the left.</summary>
    private static void MergeAll(List<string> symbols, (string Left, string Right) pair)
    {
        for (var i = 0; i + 1 < symbols.Count; i++)
        {
            if (symbols[i] == pair.Left && symbols[i + 1] == pair.Right)
            {
                symbols[i] = pair.Left + pair.Right;
                symbols.RemoveAt(i + 1);
            }
        }
    }

    private static void WriteObject<T>(string folder, string name, IEnumerable<KeyValuePair<string, T>> members)
    {
        var options = new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, WriteIndented = true };
        var ordered = new OrderedDictionary<string, T>(members, StringComparer.Ordinal);
        AtomicFile.Write(Path.Combine(folder, name), stream => JsonSerializer.Serialize(stream, ordered, options));
    }

    /// <summary>How often each pair of neighbors occurs, and in which words it has occurred.</summary>
    private sealed class PairCounts
    {
        private readonly Dictionary<(string Left, string Right), int> counts = [];
        private readonly Dictionary<(string Left, string Right), HashSet<int>> places = [];

        public void Add(int word, List<string> symbols, int count)
        {
            foreach (var pair in symbols.Zip(symbols.Skip(1)))
            {
                var total = counts.GetValueOrDefault(pair) + count;
                if (total > 0)
                    counts[pair] = total;
                else
                    counts.Remove(pair);
                if (count > 0)
                    (places.TryGetValue(pair, out var found) ? found : places[pair] = []).Add(word);
            }
        }

        public List<int> WordsWith((string Left, string Right) pair) => [.. places[pair].Order()];

        public (string Left, string Right)? MostFrequent(int minimumCount)
        {
            ((string Left, string Right) Pair, int Count)? best = null;
            foreach (var (pair, count) in counts)
            {
                if (count >= minimumCount && (best is not { } top || count > top.Count || (count == top.Count && Compare(pair, top.Pair) < 0)))
                    best = (pair, count);
            }

            return best?.Pair;
        }

        private static int Compare((string Left, string Right) a, (string Left, string Right) b)
        {
            var left = string.CompareOrdinal(a.Left, b.Left);
            return left != 0 ? left : string.CompareOrdinal(a.Right, b.Right);
        }
    }
}
