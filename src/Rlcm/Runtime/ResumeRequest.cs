namespace Rlcm.Runtime;

/// <summary>How an earlier run is to be continued.</summary>
/// <param name="Checkpoint">Number of the checkpoint to go on from; null: the latest.</param>
/// <param name="Force">Whether to go on although what its numbers depend on has changed.</param>
public sealed record ResumeRequest(long? Checkpoint = null, bool Force = false)
{
    /// <summary>What users can do who do not want to undo what has changed, the end of a sentence.</summary>
    public string Otherwise { get; init; } = "add --force, which gives up that the result is that of one undisturbed run";

    /// <summary>Decides on <paramref name="differences"/> between the run as it was begun and as it is to go on.</summary>
    /// <param name="folder">The run's folder, for messages.</param>
    /// <param name="differences">A phrase each.</param>
    /// <returns>What is given up, a sentence for people; null where there is no difference.</returns>
    /// <exception cref="UserErrorException">There are differences, and they are not forced.</exception>
    public string? Decide(string folder, IReadOnlyList<string> differences)
    {
        if (differences.Count == 0)
            return null;
        var list = string.Join("; ", differences);
        return Force
            ? $"Continued by --force: the result will not be that of one undisturbed run, since {list}."
            : throw new UserErrorException($"The run in {folder} would not go on as it was begun: {list}. Undo this, or {Otherwise}.");
    }
}
