using System.Globalization;

namespace Rlcm.Runtime;

/// <summary>Pictures that are named by the update or step after which they were drawn, such as <c>000080.png</c>.</summary>
internal static class NumberedFiles
{
    /// <summary>Deletes those of <paramref name="folder"/> that are beyond <paramref name="last"/>, which will be drawn again.</summary>
    public static void DropAfter(string folder, long last)
    {
        foreach (var file in Directory.GetFiles(folder, "*.png"))
        {
            if (long.TryParse(Path.GetFileNameWithoutExtension(file), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > last)
                FileChanges.Delete(file);
        }
    }
}
