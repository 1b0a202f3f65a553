using System.Buffers.Binary;
using System.Text;

namespace Rlcm.Runtime;

/// <summary>
/// Reads and redirects the symbol-version needs (<c>.gnu.version_r</c>) of a 64-bit little-endian ELF library.
/// Layout: System V gABI and the LSB's "Symbol Versioning" chapter (Elf64_Verneed, Elf64_Vernaux).
/// </summary>
public static class ElfVersionNeed
{
    private const uint SectionTypeVersionNeed = 0x6ffffffe; // SHT_GNU_verneed
    private const int SectionHeaderSize = 64;

    private readonly record struct Need(int Offset, uint Hash, int NameOffset, string Name);

    /// <summary>Names of all symbol versions that the library in <paramref name="image"/> needs, such as <c>GLIBCXX_3.4.32</c>.</summary>
    /// <exception cref="InvalidDataException">The bytes are not a 64-bit little-endian ELF file.</exception>
    public static IReadOnlyList<string> List(ReadOnlySpan<byte> image) => [.. Read(image).Select(need => need.Name)];

    /// <summary>
    /// Points every need of version <paramref name="from"/> at the entry of <paramref name="to"/> that the same table holds.
    /// Returns false when the file does not need <paramref name="from"/>.
    /// </summary>
    /// <exception cref="InvalidDataException">Not such an ELF file, or <paramref name="to"/> is not among its needs.</exception>
    public static bool Redirect(Span<byte> image, string from, string to)
    {
        var needs = Read(image);
        var sources = needs.FindAll(need => need.Name == from);
        if (sources.Count == 0)
            return false;

        var target = needs.Find(need => need.Name == to);
        if (target.Name is null)
            throw new InvalidDataException($"Cannot redirect symbol version {from}: the library has no need of {to} to point it at.");

        foreach (var source in sources)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(image[source.Offset..], target.Hash);             // vna_hash
            BinaryPrimitives.WriteInt32LittleEndian(image[(source.Offset + 8)..], target.NameOffset);  // vna_name
        }

        return true;
    }

    private static List<Need> Read(ReadOnlySpan<byte> image)
    {
        if (image.Length < 64 || !image[..4].SequenceEqual("\u007fELF"u8) || image[4] != 2 || image[5] != 1)
            throw new InvalidDataException("Not a 64-bit little-endian ELF file.");

        var needs = new List<Need>();
        var headers = (int)BinaryPrimitives.ReadInt64LittleEndian(image[40..]);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(image[60..]);
        for (var i = 0; i < count; i++)
        {
            var header = image.Slice(headers + i * SectionHeaderSize, SectionHeaderSize);
            if (BinaryPrimitives.ReadUInt32LittleEndian(header[4..]) != SectionTypeVersionNeed)
                continue;

            var section = (int)BinaryPrimitives.ReadInt64LittleEndian(header[24..]);
            var link = BinaryPrimitives.ReadInt32LittleEndian(header[40..]);
            var strings = (int)BinaryPrimitives.ReadInt64LittleEndian(image[(headers + link * SectionHeaderSize + 24)..]);
            ReadSection(image, section, strings, needs);
        }

        return needs;
    }

    private static void ReadSection(ReadOnlySpan<byte> image, int section, int strings, List<Need> needs)
    {
        for (var entry = section; ;)
        {
            int auxiliaries = BinaryPrimitives.ReadUInt16LittleEndian(image[(entry + 2)..]); // vn_cnt
            var aux = entry + BinaryPrimitives.ReadInt32LittleEndian(image[(entry + 8)..]);  // vn_aux
            for (var k = 0; k < auxiliaries; k++)
            {
                var nameOffset = BinaryPrimitives.ReadInt32LittleEndian(image[(aux + 8)..]);
                var name = image[(strings + nameOffset)..];
                name = name[..name.IndexOf((byte)0)];
                needs.Add(new Need(aux, BinaryPrimitives.ReadUInt32LittleEndian(image[aux..]), nameOffset, Encoding.ASCII.GetString(name)));
                aux += BinaryPrimitives.ReadInt32LittleEndian(image[(aux + 12)..]);           // vna_next
            }

            var next = BinaryPrimitives.ReadInt32LittleEndian(image[(entry + 12)..]);         // vn_next
            if (next == 0)
                return;
            entry += next;
        }
    }
}
