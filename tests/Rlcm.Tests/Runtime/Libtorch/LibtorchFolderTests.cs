using Rlcm.Runtime;
using Rlcm.Runtime.Libtorch;
using Xunit;

namespace Rlcm.Tests.Runtime.Libtorch;

public sealed class LibtorchFolderTests : IDisposable
{
    private const string Remedy = "name the folder of PyTorch that python -c \"import torch; print(torch.__path__[0])\" prints.";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("torch/lib")]
    [InlineData("torch/lib/")]
    [InlineData("torch")]
    public void It_is_found_by_its_libraries_or_the_folder_around_them(string directory)
    {
        Write(_folder["torch/lib"]);
        var found = LibtorchFolder.Find(_folder[directory]);
        Assert.Equal((_folder["torch/lib"], null), (found.Path, found.Version));
    }

    [Theory]
    [InlineData("version.py", "from typing import Optional\n\n__all__ = ['__version__', 'debug']\n__version__ = '2.9.1+cu128'\ndebug = False\n", "2.9.1+cu128")]
    [InlineData("version.py", "__version__: str = \"2.10.0\"\n", "2.10.0")]
    [InlineData("version.py", "debug = False\n", null)]
    [InlineData("build-version", "2.10.0+cpu\n", "2.10.0+cpu")]
    [InlineData("build-version", "\n", null)]
    public void The_version_is_read_from_the_file_beside_it(string file, string text, string? version)
    {
        Write(_folder["torch/lib"]);
        File.WriteAllText(_folder[$"torch/{file}"], text);
        Assert.Equal(version, LibtorchFolder.Find(_folder["torch"]).Version);
    }

    [Fact]
    public void A_file_beside_a_folder_of_another_name_says_nothing()
    {
        Write(_folder["natives"]);
        File.WriteAllText(_folder["version.py"], "__version__ = '1.0'");
        Assert.Null(LibtorchFolder.Find(_folder["natives"]).Version);
    }

    [Fact]
    public void A_folder_that_is_missing_is_refused() =>
        Refused(_folder["torch"], $"Cannot find libtorch: expected a folder, found nothing at {_folder["torch"]}; {Remedy}");

    [Fact]
    public void A_file_is_refused()
    {
        File.WriteAllText(_folder["torch"], "");
        Refused(_folder["torch"], $"Cannot find libtorch: expected a folder, found a file at {_folder["torch"]}; {Remedy}");
    }

    [Fact]
    public void A_folder_without_libtorch_is_refused() =>
        Refused(_folder.Path, $"Cannot find libtorch: expected libc10.so, libtorch.so, libtorch_cpu.so in {_folder.Path} or in its folder lib, found none of them; {Remedy}");

    [Fact]
    public void A_folder_with_some_of_the_libraries_is_refused_by_what_is_missing()
    {
        Write(_folder["torch/lib"]);
        File.Delete(_folder["torch/lib/libc10.so"]);
        Refused(_folder["torch"], $"Cannot use the libtorch of {_folder["torch/lib"]}: expected libc10.so, libtorch.so, libtorch_cpu.so, found no libc10.so; {Remedy}");
    }

    /// <summary>Writes a folder with empty files of the libraries' names.</summary>
    internal static string Write(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (var name in (string[])["libc10.so", "libtorch.so", "libtorch_cpu.so"])
            File.WriteAllBytes(Path.Combine(folder, name), []);
        return folder;
    }

    private static void Refused(string directory, string message) =>
        Assert.Equal(message, Assert.Throws<UserErrorException>(() => LibtorchFolder.Find(directory)).Message);
}
