using System.Text.Json;
using Rlcm.Runtime;

namespace Rlcm.Models.Hub;

/// <summary>A file of a repository.</summary>
/// <param name="Name">Path in the repository, with forward slashes.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Digest">Its content.</param>
internal sealed record HubFile(string Name, long Size, HubDigest Digest);

/// <summary>What the Hub says of a repository at a revision (<c>/api/models/REPOSITORY/revision/REVISION?blobs=true</c>).</summary>
/// <param name="Commit">The commit that the revision stands for.</param>
/// <param name="Files">Those of its files that may belong to a model.</param>
internal sealed record HubListing(string Commit, IReadOnlyList<HubFile> Files)
{
    /// <summary>Reads the answer.</summary>
    /// <param name="json">The answer's body.</param>
    /// <param name="origin">Its address, for messages.</param>
    /// <exception cref="UserErrorException">It is not what the Hub answers, or names a file outside of the repository.</exception>
    public static HubListing Parse(ReadOnlyMemory<byte> json, Uri origin)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            var commit = new HubName("", root.GetProperty("sha").GetString() ?? "");
            if (!commit.IsCommit)
                throw new FormatException("sha is no commit");
            return new(commit.Revision, [.. root.GetProperty("siblings").EnumerateArray().Select(ReadFile).OfType<HubFile>()]);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new UserErrorException($"{origin}: expected the list of a model's files as the Hugging Face Hub gives it, found something else ({JsonMistake.Describe(error)}); check HF_ENDPOINT and whether a proxy answers in its place.", error);
        }
    }

    private static HubFile? ReadFile(JsonElement sibling)
    {
        var name = sibling.GetProperty("rfilename").GetString() ?? "";
        if (!IsInside(name))
            throw new FormatException($"the file name '{ReadableText.Quote(name)}' leads out of the repository");
        if (!ModelFiles.Concerns(name))
            return null;
        var isLarge = sibling.TryGetProperty("lfs", out var large) && large.ValueKind == JsonValueKind.Object;
        var digest = isLarge ? large.GetProperty("sha256").GetString() : sibling.GetProperty("blobId").GetString();
        var size = sibling.GetProperty("size").GetInt64();
        return HubDigest.IsValid(digest) && size >= 0 ? new(name, size, new(digest!)) : throw new FormatException($"{name} has no size or checksum");
    }

    /// <summary>Whether every part of a path is a plain name on all systems.</summary>
    private static bool IsInside(string name) =>
        name.Split('/').All(part => part.Length > 0 && part != "." && part != ".." && !part.Any(letter => letter is '\\' or ':' || char.IsControl(letter)));
}
