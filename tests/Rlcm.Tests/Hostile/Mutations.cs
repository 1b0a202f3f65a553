using System.Buffers.Binary;
using System.Text;
using CsCheck;

namespace Rlcm.Tests.Hostile;

/// <summary>Files as they come out of bad disks, bad downloads and bad hands: small good ones with a few changes.</summary>
internal static class Mutations
{
    private static readonly string[] Numbers =
        ["0", "-1", "1.5", "1e999", "-1e999", "2147483647", "2147483648", "4294967295", "9223372036854775807", "9223372036854775808", "18446744073709551616", "1e-400", new('9', 400)];

    private static readonly string[] Pieces =
    [
        "\0", "\n", "\r", "\"", "{", "}", "[", "]", ",", ":", "null", "true", "\"\\ud800\"", "\\u0000", "\u001b[2J", "\u2028", "../", "/etc/passwd", "\uFEFF", "PK\u0001\u0002", "PK\u0005\u0006",
        "\"a\":1,\"a\":2,", new('[', 1000), string.Concat(Enumerable.Repeat("{\"a\":", 1000)),
    ];

    private static readonly byte[][] Invalid = [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xf8, 0x88, 0x80, 0x80, 0x80], [0xc0, 0xaf]];

    private static readonly ulong[] Extremes = [0, 1, 0x7f, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0xffffffff, 0x7fffffffffffffff, 0x8000000000000000, ulong.MaxValue];

    /// <summary>One to four changes of one of <paramref name="seeds"/>.</summary>
    public static Gen<byte[]> Of(IReadOnlyList<byte[]> seeds) => Gen.Select(
        Gen.Int[0, seeds.Count - 1],
        Gen.Select(Gen.Int[0, 7], Gen.Double[0, 1], Gen.Double[0, 1], Gen.Int[0, int.MaxValue - 1]).Array[1, 4],
        (seed, changes) => changes.Aggregate(seeds[seed], (bytes, change) => Change(bytes, change.Item1, change.Item2, change.Item3, change.Item4, seeds)));

    private static byte[] Change(byte[] bytes, int kind, double where, double until, int choice, IReadOnlyList<byte[]> seeds)
    {
        var at = (int)(where * bytes.Length);
        var end = at + (int)(until * until * (bytes.Length - at));
        return kind switch
        {
            0 => Replaced(bytes, at, Math.Min(at + 1, bytes.Length), [(byte)(bytes.ElementAtOrDefault(at) ^ (1 << (choice % 8)))]),
            1 => bytes[..at],
            2 => Replaced(bytes, at, end, []),
            3 => Replaced(bytes, at, at, bytes[at..end]),
            4 => Replaced(bytes, at, end, seeds[choice % seeds.Count] is var other ? other[(int)(until * other.Length)..] : []),
            5 => Replaced(bytes, at, at, choice % 3 == 0 ? Invalid[choice % Invalid.Length] : Encoding.UTF8.GetBytes(Pieces[choice % Pieces.Length])),
            6 => OtherNumber(bytes, at, Numbers[choice % Numbers.Length]),
            _ => OtherWord(bytes, at, Extremes[choice % Extremes.Length], (choice & 64) == 0 ? sizeof(uint) : sizeof(ulong), (choice & 32) == 0),
        };
    }

    private static byte[] Replaced(byte[] bytes, int at, int end, byte[] by) => [.. bytes[..at], .. by, .. bytes[end..]];

    /// <summary>The next number that is written in digits.</summary>
    private static byte[] OtherNumber(byte[] bytes, int from, string number)
    {
        var at = Array.FindIndex(bytes, Math.Min(from, bytes.Length), value => char.IsAsciiDigit((char)value));
        if (at < 0)
            return bytes;
        var end = Array.FindIndex(bytes, at, value => !char.IsAsciiDigit((char)value));
        return Replaced(bytes, at, end < 0 ? bytes.Length : end, Encoding.ASCII.GetBytes(number));
    }

    /// <summary>A number of four or eight bytes.</summary>
    private static byte[] OtherWord(byte[] bytes, int at, ulong value, int length, bool isLittleEndian)
    {
        Span<byte> word = stackalloc byte[sizeof(ulong)];
        if (isLittleEndian)
            BinaryPrimitives.WriteUInt64LittleEndian(word, value);
        else
            BinaryPrimitives.WriteUInt64BigEndian(word, value);
        return Replaced(bytes, at, Math.Min(at + length, bytes.Length), (isLittleEndian ? word[..length] : word[^length..]).ToArray());
    }
}
