using System.Collections.Concurrent;

namespace Rlcm.Models.Clip;

/// <summary>Byte-pair encoding of single words with <c>&lt;/w&gt;</c> at their end (Sennrich et al. 2016, on bytes as in GPT-2).</summary>
/// <param name="vocabulary">Ids of all symbols.</param>
/// <param name="merges">Pairs of ids in order of their rank, with the id of what they become.</param>
/// <param name="unknownId">The id of a symbol that the vocabulary lacks.</param>
internal sealed class BytePairEncoding(
    IReadOnlyDictionary<string, int> vocabulary, IReadOnlyDictionary<(int Left, int Right), (int Rank, int Id)> merges, int unknownId)
{
    // Prompts repeat few words; a stream of endless new ones must not fill the memory.
    private const int CacheCapacity = 1 << 16;

    private readonly ConcurrentDictionary<string, int[]> _cache = new(StringComparer.Ordinal);

    /// <summary>The ids of <paramref name="word"/>, which must not be empty.</summary>
    public IReadOnlyList<int> Encode(string word)
    {
        if (_cache.TryGetValue(word, out var known))
            return known;
        var ids = Merge([.. ByteAlphabet.Split(word).Select(symbol => vocabulary.GetValueOrDefault(symbol, unknownId))]);
        if (_cache.Count < CacheCapacity)
            _cache[word] = ids;
        return ids;
    }

    /// <summary>Merges the pair of lowest rank, leftmost first, until none is left; n log n, for words come from users.</summary>
    private int[] Merge(int[] ids)
    {
        const int Removed = -1;
        var next = Enumerable.Range(1, ids.Length).ToArray();
        var previous = Enumerable.Range(-1, ids.Length).ToArray();
        var queue = new PriorityQueue<(int Position, int Left, int Right), (int Rank, int Position)>();

        void Offer(int position)
        {
            if (position < 0 || next[position] >= ids.Length)
                return;
            var pair = (ids[position], ids[next[position]]);
            if (merges.TryGetValue(pair, out var merge))
                queue.Enqueue((position, pair.Item1, pair.Item2), (merge.Rank, position));
        }

        for (var position = 0; position < ids.Length; position++)
            Offer(position);

        while (queue.TryDequeue(out var item, out _))
        {
            var (position, left, right) = item;
            var following = next[position];
            if (ids[position] != left || following >= ids.Length || ids[following] != right)
                continue;

            ids[position] = merges[(left, right)].Id;
            ids[following] = Removed;
            next[position] = next[following];
            if (next[position] < ids.Length)
                previous[next[position]] = position;
            Offer(previous[position]);
            Offer(position);
        }

        return [.. ids.Where(id => id != Removed)];
    }
}
