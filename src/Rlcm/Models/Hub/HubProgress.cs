namespace Rlcm.Models.Hub;

/// <summary>How the fetching of a model is going.</summary>
/// <param name="File">The file at hand, as it is called in the repository.</param>
/// <param name="Bytes">Bytes of all files that are here.</param>
/// <param name="Total">Bytes of all files.</param>
/// <param name="Trouble">What has just gone wrong and when it is tried again; null when all is well.</param>
public sealed record HubProgress(string File, long Bytes, long Total, string? Trouble = null);

/// <summary>Counts what of a model is here.</summary>
internal sealed class HubTally(IProgress<HubProgress> progress, long total)
{
    private string _file = "";
    private long _before;
    private long _bytes;

    /// <summary>Goes on to <paramref name="file"/>, the earlier ones being complete.</summary>
    public void Begin(HubFile file)
    {
        (_file, _before) = (file.Name, _before + _bytes);
        Has(0);
    }

    /// <summary>Of the file at hand, <paramref name="bytes"/> are here.</summary>
    public void Has(long bytes)
    {
        _bytes = bytes;
        progress.Report(new(_file, _before + _bytes, total));
    }

    /// <summary>Something has gone wrong.</summary>
    public void Tell(string trouble) => progress.Report(new(_file, _before + _bytes, total, trouble));
}
