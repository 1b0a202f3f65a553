using System.Text.RegularExpressions;

namespace Rlcm.Models.Hub;

/// <summary>A model on the Hugging Face Hub: <c>ORG/NAME</c>, or <c>ORG/NAME@REVISION</c>.</summary>
/// <param name="Repository"><c>ORG/NAME</c>.</param>
/// <param name="Revision">A branch, a tag or a commit.</param>
public readonly partial record struct HubName(string Repository, string Revision)
{
    /// <summary>The revision where none is named.</summary>
    public const string DefaultRevision = "main";

    private const int MaxLength = 96; // the Hub's own limit for a repository

    /// <summary>The folder's name in the cache: <c>models--ORG--NAME</c>.</summary>
    public string FolderName => $"models--{Repository.Replace("/", "--", StringComparison.Ordinal)}";

    /// <summary>Whether the revision is a commit, which never changes what it names.</summary>
    public bool IsCommit => CommitPattern().IsMatch(Revision);

    /// <summary>The name in <paramref name="text"/>, or null when it is none: other text can only be a path.</summary>
    public static HubName? TryParse(string text)
    {
        var match = NamePattern().Match(text);
        if (!match.Success || text.Contains("..", StringComparison.Ordinal))
            return null;
        var name = new HubName(match.Groups["repository"].Value, match.Groups["revision"] is { Success: true } revision ? revision.Value : DefaultRevision);
        return name.Repository.Length > MaxLength || name.Repository.Contains("--", StringComparison.Ordinal) ? null : name;
    }

    /// <summary>As a user writes it.</summary>
    public override string ToString() => Revision == DefaultRevision ? Repository : $"{Repository}@{Revision}";

    [GeneratedRegex(@"^(?<repository>[A-Za-z0-9_]([\w.-]*\w)?/[A-Za-z0-9_]([\w.-]*\w)?)(@(?<revision>\w[\w.-]*(/\w[\w.-]*)*))?\z", RegexOptions.ExplicitCapture | RegexOptions.ECMAScript, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NamePattern();

    [GeneratedRegex(@"^[0-9a-f]{40}\z", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex CommitPattern();
}
