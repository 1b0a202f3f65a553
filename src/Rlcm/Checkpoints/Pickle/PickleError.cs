using Rlcm.Runtime;

namespace Rlcm.Checkpoints.Pickle;

/// <summary>The sentences in which files of PyTorch are refused.</summary>
internal static class PickleError
{
    /// <summary>The file at <paramref name="path"/> breaks its format.</summary>
    public static FileContentException Damaged(string path, string what, string? position = null) =>
        new(path, position, $"{path}: {what}; the file is damaged or cut short, fetch it again.");

    /// <summary>The file at <paramref name="path"/> is or holds something that is not read.</summary>
    public static FileContentException Unsupported(string path, string what, string? position = null) =>
        new(path, position, $"{path}: {what}; if you trust where it is from, convert it to safetensors, or load it in PyTorch and save its state_dict alone.");
}
