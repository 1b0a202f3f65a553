using Rlcm.Runtime;
using Rlcm.Runtime.Libtorch;
using Xunit;

namespace Rlcm.Tests.Runtime.Libtorch;

public sealed class TorchShimTests
{
    private static readonly string Original = OwnNatives.Shim!;

    [Fact]
    public void The_original_still_has_the_old_need() =>
        Assert.Contains(TorchShim.Needed, ElfVersionNeed.List(File.ReadAllBytes(Original)));

    [Fact]
    public void The_copy_lacks_the_need_and_loads()
    {
        using var cache = new TemporaryFolder();
        var copy = TorchShim.Copy(Original, cache.Path);

        Assert.NotNull(copy);
        var needs = ElfVersionNeed.List(File.ReadAllBytes(copy));
        Assert.DoesNotContain(TorchShim.Needed, needs);
        Assert.Contains(TorchShim.Substitute, needs);
        Assert.Equal(File.ReadAllBytes(Original).Length, File.ReadAllBytes(copy).Length);
        Assert.Equal(copy, TorchShim.Copy(Original, cache.Path));
        Assert.NotNull(NativeTorch.Load());
        Assert.NotEqual(0, System.Runtime.InteropServices.NativeLibrary.Load(copy));
    }

    [Fact]
    public void A_cache_that_cannot_be_written_is_replaced_by_a_temporary_folder()
    {
        var copy = TorchShim.CopyTo("/proc", Original);
        Assert.NotNull(copy);
        Assert.DoesNotContain(TorchShim.Needed, ElfVersionNeed.List(File.ReadAllBytes(copy)));
        Directory.Delete(Path.GetDirectoryName(Path.GetDirectoryName(copy))!, recursive: true);
    }

    [Fact]
    public void A_file_without_the_need_is_left_alone()
    {
        using var cache = new TemporaryFolder();
        var patched = TorchShim.Copy(Original, cache.Path)!;
        Assert.Null(TorchShim.Copy(patched, Path.Combine(cache.Path, "second")));
    }

    [Fact]
    public void A_file_that_is_no_library_is_refused() =>
        Assert.Throws<InvalidDataException>(() => ElfVersionNeed.List(new byte[100]));
}
