using Rlcm.Imaging;
using Rlcm.Runtime;

namespace Rlcm.Cli.Commands;

/// <summary>Where a command puts its pictures: one PNG file for all, or a new folder with a file for each.</summary>
internal sealed class PictureOutput
{
    private static readonly string[] OtherFormats = [".jpg", ".jpeg", ".webp", ".gif", ".bmp"];

    private readonly string _path;
    private readonly bool _isFile;

    /// <summary>Makes sure that <paramref name="path"/> can be written, and leaves nothing behind.</summary>
    /// <exception cref="UserErrorException">It cannot, is a folder with something in it, or names a format that is not written.</exception>
    public PictureOutput(string path)
    {
        if (OtherFormats.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase))
            throw new UserErrorException($"--output: expected F.png or a folder, found {path}; pictures are written as PNG.");
        _path = Path.GetFullPath(path);
        _isFile = Path.GetExtension(path).Equals(".png", StringComparison.OrdinalIgnoreCase);
        if (_isFile)
            OutputPath.CheckFile(_path);
        else
            OutputPath.CheckFolder(_path);
    }

    /// <summary>Writes all pictures or none, and says so.</summary>
    /// <param name="images">The pictures, in order.</param>
    /// <param name="columns">How many side by side where they share a file.</param>
    public string Write(ImageBatch images, int columns)
    {
        if (_isFile)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
            PngFile.Write(_path, ImageGrid.Compose(images, columns));
            return $"Wrote {images.Count} {(images.Count == 1 ? "picture" : "pictures")} to {_path}.";
        }

        AtomicFolder.Write(_path, folder =>
        {
            for (var i = 0; i < images.Count; i++)
                PngFile.Write(Path.Combine(folder, $"{i:D4}.png"), new ImageBatch(images[i].ToArray(), 1, images.Height, images.Width));
        });
        return $"Wrote {images.Count} {(images.Count == 1 ? "file" : "files")} to {_path}.";
    }
}
