using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Rlcm.Datasets;

/// <summary>
/// The drawings of the 45 animals that a model which judges pictures may not see: each animal's main picture by one vendor, so that the animal
/// itself is known from the others' drawings. Fluent's flat and 3D drawings show the same shape and are held out together.
/// </summary>
public static class HeldOutDrawings
{
    private static readonly string[][] Vendors = [["noto"], ["twemoji"], ["flat", "3d"]];

    /// <summary>The drawing by which <paramref name="animal"/> is to be recognized: the record to find in a dataset.</summary>
    /// <param name="animal">One of the 45.</param>
    public static (string Codepoint, string Style) Of(string animal)
    {
        var (styles, hash) = StylesOf(animal);
        return (AnimalTable.Codepoints(animal)[0], styles[(int)(hash / (ulong)Vendors.Length % (ulong)styles.Length)]);
    }

    /// <summary>The vendor that draws in <paramref name="style"/>: the style's word, or <c>fluent</c> for both of Fluent's.</summary>
    public static string VendorOf(string style) => style is "flat" or "3d" ? "fluent" : style;

    /// <summary>Whether no such model may be trained on <paramref name="record"/>.</summary>
    public static bool Contains(ImageRecord record) =>
        record is { Codepoint: { } code, Style: { } style } && AnimalTable.MainWord(code) is { } animal && StylesOf(animal).Styles.Contains(style);

    /// <summary>The vendor's styles by SHA-256 of the word modulo 3, which depends on nothing else.</summary>
    private static (string[] Styles, ulong Hash) StylesOf(string animal)
    {
        var hash = BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(Encoding.ASCII.GetBytes(animal)));
        return (Vendors[hash % (ulong)Vendors.Length], hash);
    }
}
