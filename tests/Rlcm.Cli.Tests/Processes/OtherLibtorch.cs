using System.Diagnostics;
using Xunit;

namespace Rlcm.Cli.Tests.Processes;

/// <summary>Folders with another libtorch, and copies of the program: hard links of the built ones beside these tests, so on the same disk.</summary>
internal sealed class OtherLibtorch : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, $"libtorch-{Guid.NewGuid():N}"));

    public string this[string name] => Path.Combine(_folder.FullName, name);

    /// <summary>Lays the program's own libtorch into <c>torch/lib</c> and returns that folder.</summary>
    public string Write()
    {
        Link(Path.Combine(RlcmProcess.Folder, "libtorch"), this["torch/lib"]);
        return this["torch/lib"];
    }

    /// <summary>Copies the program into <c>program</c> and returns that folder.</summary>
    public string CopyProgram()
    {
        Link(RlcmProcess.Folder, this["program"]);
        return this["program"];
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static void Link(string from, string to)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(to)!);
        using var copy = Process.Start("cp", ["-rl", from, to]);
        copy.WaitForExit();
        Assert.Equal(0, copy.ExitCode);
    }
}
