namespace Rlcm.Runtime;

/// <summary>Guesses what a misspelt name was meant to be.</summary>
public static class NearestName
{
    private const int LongestName = 64; // of a misspelt name; the comparison takes time with the length

    /// <summary>
    /// The candidate with the smallest edit distance (Levenshtein 1966, case ignored) from <paramref name="name"/>, or null when none is
    /// within a third of the name's length plus one.
    /// </summary>
    public static string? Find(string name, IEnumerable<string> candidates)
    {
        if (name.Length > LongestName)
            return null;
        var (best, distance) = candidates
            .Select(candidate => (candidate, Distance(name.ToLowerInvariant(), candidate.ToLowerInvariant())))
            .DefaultIfEmpty((string.Empty, int.MaxValue))
            .MinBy(pair => pair.Item2);
        return distance <= name.Length / 3 + 1 ? best : null;
    }

    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substituted, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[b.Length];
    }
}
