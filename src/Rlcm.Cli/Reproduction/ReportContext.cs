namespace Rlcm.Cli.Reproduction;

/// <summary>What a section of the report is made from.</summary>
/// <param name="Results">The figures.</param>
/// <param name="Folder">The study's folder, which holds plots and pictures.</param>
/// <param name="Changes">What is changed in all runs.</param>
/// <param name="ReportPath">Where the report will be; its links are relative to it.</param>
/// <param name="Command">The program's arguments that make the whole study.</param>
internal sealed record ReportContext(StudyResults Results, StudyFolder Folder, IReadOnlyList<string> Changes, string ReportPath, IReadOnlyList<string> Command)
{
    /// <summary>Draws a plot of the report and returns the picture in Markdown.</summary>
    /// <param name="name">Its file's name without extension.</param>
    /// <param name="description">What it shows, for those who cannot see it.</param>
    /// <param name="draw">Writes the PNG file.</param>
    public string Plot(string name, string description, Action<string> draw)
    {
        Directory.CreateDirectory(Folder.Plots);
        var path = Path.Combine(Folder.Plots, $"{name}.png");
        draw(path);
        return $"![{description}]({Link(path)})";
    }

    /// <summary>A link to a file, as seen from the report.</summary>
    public string Link(string path) => Path.GetRelativePath(Path.GetDirectoryName(Path.GetFullPath(ReportPath))!, path).Replace('\\', '/');

    /// <summary>What stands in place of <paramref name="parts"/> of which nothing is measured.</summary>
    public string Missing(params string[] parts) => $"Not measured yet; `{CommandText} --part {string.Join(',', parts)}` does.";

    /// <summary>What makes the whole study.</summary>
    public string CommandText => $"rlcm {string.Join(' ', Command)}";

    /// <summary>How much of a part is there, where it is not all.</summary>
    public string Incomplete(string part) => Results.Progress(part) is var (done, all) && done < all ? $"{done} of {all} runs are finished so far.\n\n" : string.Empty;
}
