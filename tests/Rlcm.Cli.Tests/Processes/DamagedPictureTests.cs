using Rlcm.Imaging;
using Rlcm.Tests;
using Xunit;

namespace Rlcm.Cli.Tests.Processes;

/// <summary>The decoder of pictures is a native library with an opinion of where to write.</summary>
public sealed class DamagedPictureTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Damaged_data_are_refused_and_the_decoder_says_nothing_of_its_own()
    {
        PngFile.Write(_folder["a.png"], new ImageBatch([.. Enumerable.Range(0, 64 * 64 * 3).Select(i => (byte)(i * i))], 1, 64, 64));
        var bytes = await File.ReadAllBytesAsync(_folder["a.png"], TestContext.Current.CancellationToken);
        bytes[bytes.Length / 2] ^= 0x55;
        await File.WriteAllBytesAsync(_folder["a.png"], bytes, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(_folder["metadata.jsonl"], """{"file_name":"a.png","text":"a cat"}""" + "\n", TestContext.Current.CancellationToken);
        var (code, output, error) = await RlcmProcess.RunAsync("dataset", "check", _folder.Path);
        Assert.Equal((2, 0), (code, output.Length));
        Assert.StartsWith($"The image folder {_folder["metadata.jsonl"]} has 1 problem(s): line 1: a.png cannot be decoded (", Assert.Single(error.TrimEnd().Split('\n')), StringComparison.Ordinal);
    }
}
