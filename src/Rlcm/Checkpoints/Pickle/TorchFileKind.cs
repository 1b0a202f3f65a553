using Rlcm.Runtime;

namespace Rlcm.Checkpoints.Pickle;

/// <summary>Tells by its first bytes whether a file is one of <c>torch.save</c>'s zip files, and what else it is.</summary>
internal static class TorchFileKind
{
    /// <summary>As many bytes as decide.</summary>
    public const int Bytes = 512;

    private const int SafetensorsJsonAt = 8; // behind the length of the header
    private const int TarMagicAt = 257;

    // The number 0x1950a86a20f9469cfc6c, with which files begin that torch.save wrote before 1.6.
    private static ReadOnlySpan<byte> LegacyMagic => [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

    /// <summary>Refuses the file at <paramref name="path"/>, which begins with <paramref name="start"/>, unless it is a zip file.</summary>
    /// <exception cref="UserErrorException">It is none; the message says what it is.</exception>
    public static void RequireZip(ReadOnlySpan<byte> start, string path)
    {
        if (start.StartsWith("PK\x03\x04"u8))
            return;
        if (start.Length > 0 && start[0] == 0x80)
        {
            throw PickleError.Unsupported(path, start[..Math.Min(start.Length, 32)].IndexOf(LegacyMagic) >= 0
                ? "this is in PyTorch's format from before 1.6, which is not read, expected the zip file of later versions"
                : "this is a plain pickle, which is not read, expected the zip file that torch.save writes");
        }

        if (start.Length > TarMagicAt && start[TarMagicAt..].StartsWith("ustar"u8))
            throw PickleError.Unsupported(path, "this is a tar archive, which is not read, expected the zip file that torch.save writes since PyTorch 1.6");
        GitLfsPointer.Refuse(start, path);
        if (start.Length > SafetensorsJsonAt && start[SafetensorsJsonAt] == '{')
            throw new FileContentException(path, "offset 0", $"{path}: this is a safetensors file under another name, expected the zip file that torch.save writes; name it .safetensors.");
        throw PickleError.Damaged(path, "this is not a zip file as torch.save writes it");
    }
}
