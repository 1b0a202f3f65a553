using Rlcm.Runtime;

namespace Rlcm.Models.Hub;

/// <summary>
/// A repository in the Hugging Face cache, laid out as by <c>huggingface_hub</c>, so that other programs find what is fetched here:
/// <c>blobs/DIGEST</c> are the files, <c>snapshots/COMMIT/PATH</c> are relative links to them, <c>refs/REVISION</c> holds a commit.
/// </summary>
/// <param name="folder">The repository's folder, <c>models--ORG--NAME</c>.</param>
internal sealed class HubCache(string folder)
{
    private const string Incomplete = ".incomplete";

    /// <summary>The folder, there or not.</summary>
    public string Folder => folder;

    /// <summary>Makes a symbolic link at a path to a target; not all file systems can.</summary>
    public Action<string, string> CreateLink { get; init; } = static (path, target) => File.CreateSymbolicLink(path, target);

    /// <summary>The cache of the repository <paramref name="name"/>.</summary>
    public static HubCache Of(HubName name, HubEnvironment environment) => new(Path.Combine(environment.Cache, name.FolderName));

    /// <summary>Whether <paramref name="path"/> is a repository's folder.</summary>
    public static bool IsRepository(string path) =>
        Path.GetFileName(Path.TrimEndingDirectorySeparator(path)).StartsWith("models--", StringComparison.Ordinal) && Directory.Exists(Path.Combine(path, "snapshots"));

    /// <summary>The folder of a commit, there or not.</summary>
    public string Snapshot(string commit) => Path.Combine(folder, "snapshots", commit);

    /// <summary>The folder that <paramref name="name"/> stands for, or null when it is not there.</summary>
    public string? FindSnapshot(HubName name) =>
        (name.IsCommit ? name.Revision : ReadRef(name.Revision)) is { } commit && Directory.Exists(Snapshot(commit)) ? Snapshot(commit) : null;

    /// <summary>The folder of the default revision, or the only one.</summary>
    /// <exception cref="UserErrorException">There is none, or several and no default.</exception>
    public string DefaultSnapshot()
    {
        if (ReadRef(HubName.DefaultRevision) is { } commit && Directory.Exists(Snapshot(commit)))
            return Snapshot(commit);
        return Directory.GetDirectories(Path.Combine(folder, "snapshots")) is [var only]
            ? only
            : throw new UserErrorException($"{folder}: expected refs/{HubName.DefaultRevision} with the name of a folder in snapshots, or a single folder there, found neither; name one of the folders in {Path.Combine(folder, "snapshots")}, or fetch the model anew.");
    }

    /// <summary>Where a file's content is kept.</summary>
    public string Blob(HubFile file) => Path.Combine(folder, "blobs", file.Digest.Hex);

    /// <summary>Where a file's content gathers while it is fetched.</summary>
    public string Partial(HubFile file) => Blob(file) + Incomplete;

    /// <summary>Keeps other programs from fetching the same file, until disposed.</summary>
    /// <exception cref="UserErrorException">One does so already.</exception>
    public IDisposable Lock(HubFile file)
    {
        var locks = Path.Combine(Path.GetDirectoryName(folder)!, ".locks", Path.GetFileName(folder));
        Directory.CreateDirectory(locks);
        try
        {
            return new FileStream(Path.Combine(locks, $"{file.Digest.Hex}.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException error)
        {
            throw new UserErrorException($"Another program is fetching {file.Name} into {folder}; wait until it is done and start again.", error);
        }
    }

    /// <summary>Bytes that have to be fetched for the file, judged by the lengths of what is there.</summary>
    public long Lacking(string commit, HubFile file) =>
        LinkTarget.Length(InSnapshot(commit, file)) == file.Size || LinkTarget.Length(Blob(file)) == file.Size ? 0 : file.Size - Math.Min(file.Size, LinkTarget.Length(Partial(file)) ?? 0);

    /// <summary>Whether the snapshot of <paramref name="commit"/> holds the file as it should be; a blob that lacks its link gets it.</summary>
    public async Task<bool> HoldsAsync(string commit, HubFile file, CancellationToken stop)
    {
        if (await IsRightAsync(InSnapshot(commit, file), file, stop))
            return true;
        if (!await IsRightAsync(Blob(file), file, stop))
            return false;
        Link(commit, file, isNew: false);
        return true;
    }

    /// <summary>Makes the fetched content a file of the snapshot: from now on it counts as there.</summary>
    public void Keep(string commit, HubFile file)
    {
        File.Move(Partial(file), Blob(file), overwrite: true);
        Link(commit, file, isNew: true);
    }

    /// <summary>Notes that the revision of <paramref name="name"/> is <paramref name="commit"/>.</summary>
    public void WriteRef(HubName name, string commit)
    {
        if (name.Revision == commit || ReadRef(name.Revision) == commit)
            return;
        var path = RefPath(name.Revision);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        AtomicFile.Write(path, stream => stream.Write(System.Text.Encoding.ASCII.GetBytes(commit)));
    }

    private string RefPath(string revision) => Path.Combine([folder, "refs", .. revision.Split('/')]);

    /// <summary>The commit that a revision stands for; null where it is not noted, or by something that is no name of a folder.</summary>
    private string? ReadRef(string revision) =>
        File.Exists(RefPath(revision)) && File.ReadAllText(RefPath(revision)).Trim() is var commit && commit is not ("." or "..") && Path.GetFileName(commit) == commit ? commit : null;

    private string InSnapshot(string commit, HubFile file) => Path.Combine([Snapshot(commit), .. file.Name.Split('/')]);

    private static async Task<bool> IsRightAsync(string path, HubFile file, CancellationToken stop) =>
        LinkTarget.Length(path) == file.Size && await file.Digest.OfFileAsync(path, stop) == file.Digest;

    /// <summary>Where links cannot be made, the snapshot gets the file itself, or a copy where the blob may have other uses.</summary>
    private void Link(string commit, HubFile file, bool isNew)
    {
        var path = InSnapshot(commit, file);
        var parent = Path.GetDirectoryName(path)!;
        Directory.CreateDirectory(parent);
        File.Delete(path);
        try
        {
            CreateLink(path, Path.GetRelativePath(parent, Blob(file)));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or PlatformNotSupportedException)
        {
            if (isNew)
                File.Move(Blob(file), path);
            else
                File.Copy(Blob(file), path);
        }
    }
}
