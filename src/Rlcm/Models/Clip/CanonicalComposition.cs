using System.Globalization;
using System.Text;

namespace Rlcm.Models.Clip;

/// <summary>
/// Unicode normalization forms C and D. <see cref="string.Normalize()"/> leaves everything but ASCII alone in invariant globalization mode
/// and otherwise depends on the system's ICU; token ids must depend on neither.
/// </summary>
/// <remarks>Algorithm: Unicode Standard Annex 15 and section 3.12 of the standard (Hangul).</remarks>
internal static class CanonicalComposition
{
    private const int HangulBase = 0xAC00, LeadBase = 0x1100, VowelBase = 0x1161, TailBase = 0x11A7;
    private const int LeadCount = 19, VowelCount = 21, TailCount = 28;

    // No character below the combining marks takes part in composition by itself.
    private const char FirstAffected = '\u0300';

    // No character below À is made of others.
    private const char FirstDecomposed = '\u00C0';

    private static readonly Lazy<Tables> Data = new(Load);

    /// <summary>Normalization form C of <paramref name="text"/>; lone surrogates become U+FFFD.</summary>
    public static string Normalize(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange(FirstAffected, char.MaxValue))
            return text;

        var points = Decomposed(text);
        Compose(points);
        return ToText(points);
    }

    /// <summary>Normalization form D of <paramref name="text"/>; lone surrogates become U+FFFD.</summary>
    public static string Decompose(string text) => text.AsSpan().ContainsAnyInRange(FirstDecomposed, char.MaxValue) ? ToText(Decomposed(text)) : text;

    private static List<int> Decomposed(string text)
    {
        var points = new List<int>(text.Length);
        foreach (var rune in text.EnumerateRunes())
            Decompose(rune.Value, points);
        Reorder(points);
        return points;
    }

    private static string ToText(List<int> points)
    {
        var result = new StringBuilder(points.Count);
        foreach (var point in points)
            result.Append(new Rune(point));
        return result.ToString();
    }

    private static void Decompose(int point, List<int> output)
    {
        var syllable = point - HangulBase;
        if (syllable is >= 0 and < LeadCount * VowelCount * TailCount)
        {
            output.Add(LeadBase + syllable / (VowelCount * TailCount));
            output.Add(VowelBase + syllable / TailCount % VowelCount);
            if (syllable % TailCount > 0)
                output.Add(TailBase + syllable % TailCount);
        }
        else if (Data.Value.Decompositions.TryGetValue(point, out var parts))
        {
            foreach (var part in parts)
                Decompose(part, output);
        }
        else
        {
            output.Add(point);
        }
    }

    /// <summary>Sorts each run of combining marks by class, equal classes in their order.</summary>
    private static void Reorder(List<int> points)
    {
        for (var start = 0; start < points.Count; start++)
        {
            var end = start;
            while (end < points.Count && Class(points[end]) > 0)
                end++;
            if (end - start > 1)
            {
                var sorted = points.Slice(start, end - start).OrderBy(Class).ToList();
                for (var i = 0; i < sorted.Count; i++)
                    points[start + i] = sorted[i];
            }

            start = end;
        }
    }

    private static void Compose(List<int> points)
    {
        var starter = -1;
        var lastClass = 0;
        var written = 0;
        for (var read = 0; read < points.Count; read++)
        {
            var point = points[read];
            var pointClass = Class(point);
            var blocked = starter < 0 || (written - starter > 1 && (lastClass == 0 || lastClass >= pointClass));
            if (!blocked && TryCompose(points[starter], point, out var composed))
            {
                points[starter] = composed;
                continue;
            }

            if (pointClass == 0)
                starter = written;
            lastClass = pointClass;
            points[written++] = point;
        }

        points.RemoveRange(written, points.Count - written);
    }

    private static bool TryCompose(int first, int second, out int composed)
    {
        int lead = first - LeadBase, vowel = second - VowelBase, syllable = first - HangulBase, tail = second - TailBase;
        if (lead is >= 0 and < LeadCount && vowel is >= 0 and < VowelCount)
            composed = HangulBase + (lead * VowelCount + vowel) * TailCount;
        else if (syllable is >= 0 and < LeadCount * VowelCount * TailCount && syllable % TailCount == 0 && tail is > 0 and < TailCount)
            composed = first + tail;
        else
            return Data.Value.Compositions.TryGetValue((first, second), out composed);
        return true;
    }

    private static int Class(int point) => Data.Value.Classes.GetValueOrDefault(point);

    private static Tables Load()
    {
        var tables = new Tables([], [], []);
        using var stream = typeof(CanonicalComposition).Assembly.GetManifestResourceStream("canonical-decompositions.txt")!;
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            if (line[0] == '#')
                continue;

            var range = line.Split("..");
            if (range.Length == 2)
            {
                var (last, value) = range[1].Split('=') is [var hex, var number] ? (Hex(hex), int.Parse(number)) : default;
                for (var point = Hex(range[0]); point <= last; point++)
                    tables.Classes[point] = value;
                continue;
            }

            var fields = line.Split(' ');
            var composes = fields[^1] != "!";
            var parts = fields[1..(composes ? fields.Length : ^1)].Select(Hex).ToArray();
            tables.Decompositions[Hex(fields[0])] = parts;
            if (composes && parts.Length == 2)
                tables.Compositions[(parts[0], parts[1])] = Hex(fields[0]);
        }

        return tables;
    }

    private static int Hex(string text) => int.Parse(text, NumberStyles.HexNumber);

    private sealed record Tables(
        Dictionary<int, int[]> Decompositions, Dictionary<(int First, int Second), int> Compositions, Dictionary<int, int> Classes);
}
