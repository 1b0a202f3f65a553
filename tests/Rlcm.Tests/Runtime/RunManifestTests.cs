using System.Text.Json;
using Rlcm.Runtime;
using Xunit;

namespace Rlcm.Tests.Runtime;

public sealed class RunManifestTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void It_names_versions_hashes_seed_hardware_and_command()
    {
        Directory.CreateDirectory(_folder["model/unet"]);
        File.WriteAllText(_folder["model/unet/x.safetensors"], "abc");
        File.WriteAllText(_folder["prompts.txt"], string.Empty);
        var sha256 = ((string[])[_folder["model/unet/x.safetensors"], _folder["prompts.txt"]]).ToDictionary(path => path, FileHash.Sha256);
        RunManifest.Gather(sha256, ulong.MaxValue, ["train", "--seed", "1"], TimeProvider.System).Write(_folder["manifest.json"]);

        var manifest = JsonDocument.Parse(File.ReadAllText(_folder["manifest.json"])).RootElement;
        // SHA-256 of "abc" and of nothing: FIPS 180-2, appendix B.1, and NIST's empty message.
        var hashes = manifest.GetProperty("sha256");
        Assert.Equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", hashes.GetProperty(_folder["model/unet/x.safetensors"]).GetString());
        Assert.Equal("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", hashes.GetProperty(_folder["prompts.txt"]).GetString());
        Assert.Equal(2, hashes.EnumerateObject().Count());
        Assert.Equal(ulong.MaxValue, manifest.GetProperty("seed").GetUInt64());
        Assert.Equal(3, manifest.GetProperty("commandLine").GetArrayLength());
        Assert.StartsWith("10.", manifest.GetProperty("versions").GetProperty("dotnet").GetString(), StringComparison.Ordinal);
        Assert.StartsWith("0.107", manifest.GetProperty("versions").GetProperty("torchSharp").GetString(), StringComparison.Ordinal);
        Assert.StartsWith("2.10", manifest.GetProperty("versions").GetProperty("libtorch").GetString(), StringComparison.Ordinal);
        Assert.StartsWith("1.30", manifest.GetProperty("versions").GetProperty("onnxRuntime").GetString(), StringComparison.Ordinal);
        Assert.NotEmpty(manifest.GetProperty("hardware").GetProperty("processor").GetString()!);
    }
}
