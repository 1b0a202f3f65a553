using Rlcm.Runtime;
using TorchSharp;
using Xunit;

namespace Rlcm.Tests.Runtime;

public sealed class NativeTorchTests
{
    private static readonly string Shim = Path.Combine(NativeTorch.FindNatives(AppContext.BaseDirectory)!, "libLibTorchSharp.so");

    [Fact]
    public void Torch_computes_on_this_system()
    {
        using var two = torch.ones(1) + 1;
        Assert.Equal(2f, two.item<float>());
    }

    [Fact]
    public void The_original_shim_still_has_the_old_need() =>
        Assert.Contains(NativeTorch.Needed, ElfVersionNeed.List(File.ReadAllBytes(Shim)));

    [Fact]
    public void The_prepared_copy_lacks_the_need_and_loads()
    {
        using var cache = new TemporaryFolder();
        var copy = NativeTorch.Prepare(Shim, cache.Path);

        Assert.NotNull(copy);
        var needs = ElfVersionNeed.List(File.ReadAllBytes(copy));
        Assert.DoesNotContain(NativeTorch.Needed, needs);
        Assert.Contains(NativeTorch.Substitute, needs);
        Assert.Equal(File.ReadAllBytes(Shim).Length, File.ReadAllBytes(copy).Length);
        Assert.Equal(copy, NativeTorch.Prepare(Shim, cache.Path));
        Assert.NotEqual(0, System.Runtime.InteropServices.NativeLibrary.Load(copy));
    }

    [Fact]
    public void A_cache_that_cannot_be_written_is_replaced_by_a_temporary_folder()
    {
        var copy = NativeTorch.PrepareIn("/proc", Shim);
        Assert.NotNull(copy);
        Assert.DoesNotContain(NativeTorch.Needed, ElfVersionNeed.List(File.ReadAllBytes(copy)));
        Directory.Delete(Path.GetDirectoryName(Path.GetDirectoryName(copy))!, recursive: true);
    }

    [Fact]
    public void A_file_without_the_need_is_left_alone()
    {
        using var cache = new TemporaryFolder();
        var patched = NativeTorch.Prepare(Shim, cache.Path)!;
        Assert.Null(NativeTorch.Prepare(patched, Path.Combine(cache.Path, "second")));
    }

    [Fact]
    public void A_file_that_is_no_library_is_refused() =>
        Assert.Throws<InvalidDataException>(() => ElfVersionNeed.List(new byte[100]));
}
