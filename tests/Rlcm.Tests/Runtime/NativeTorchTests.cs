using Rlcm.Runtime;
using Rlcm.Runtime.Libtorch;
using TorchSharp;
using Xunit;

namespace Rlcm.Tests.Runtime;

public sealed class NativeTorchTests
{
    [Fact]
    public void Torch_computes_on_this_system()
    {
        using var two = torch.ones(1) + 1;
        Assert.Equal(2f, two.item<float>());
    }

    [Fact]
    public void The_only_libtorch_of_the_process_is_that_of_the_folder_where_the_runtime_does_not_look()
    {
        using var one = torch.ones(1);
        Assert.Null(OwnNatives.FoundByRuntime());
        var mapped = File.ReadLines("/proc/self/maps").Select(line => line[(line.LastIndexOf(' ') + 1)..])
            .Where(path => Path.GetFileName(path) is "libtorch_cpu.so" or "libc10.so" or "libtorch.so").Distinct().Order(StringComparer.Ordinal);
        Assert.Equal(((string[])["libc10.so", "libtorch.so", "libtorch_cpu.so"]).Select(name => Path.Combine(AppContext.BaseDirectory, "libtorch", name)), mapped);
    }

    [Fact]
    public void What_the_runtime_finds_is_told_by_its_search_folders()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["libtorch_cpu.so"], "");
        Assert.Equal(folder["libtorch_cpu.so"], OwnNatives.FoundIn($"/nowhere/{Path.PathSeparator}{folder.Path}/"));
        Assert.Null(OwnNatives.FoundIn("/nowhere/"));
    }

    [Fact]
    public void A_loaded_libtorch_cannot_be_exchanged()
    {
        using var folder = new TemporaryFolder();
        var other = Libtorch.LibtorchFolderTests.Write(folder["lib"]);
        var loaded = NativeTorch.Load()!.Folder;
        var error = Assert.Throws<InvalidOperationException>(() => NativeTorch.Use(LibtorchFolder.Find(other)));
        Assert.Equal($"libtorch was loaded from {loaded} already; choose {other} before torch is used.", error.Message);
        Assert.Null(NativeTorch.Chosen);
    }

    [Fact]
    public void A_library_that_cannot_be_loaded_is_told_in_the_words_of_the_dynamic_linker()
    {
        using var folder = new TemporaryFolder();
        var error = Assert.Throws<DllNotFoundException>(() => LoadedLibtorch.Load(Libtorch.LibtorchFolderTests.Write(folder["lib"]), OwnNatives.Shim!));
        Assert.Equal($"{folder["lib"]}/libc10.so: file too short", error.Message);
    }
}
