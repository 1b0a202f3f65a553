using System.Buffers.Binary;
using Rlcm.Checkpoints;
using Rlcm.Runtime;
using Xunit;

namespace Rlcm.Tests.Checkpoints;

public sealed class SafetensorsDamageTests
{
    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "'b'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}""", 12, "'b'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "'a'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 8, "end at 4")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 7, "'a' ends at 8")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", 8, "needs 12 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}""", 0, "more than 2^63")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,8]}}""", 8, "well-formed")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", 8, "before its begin")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}""", 8, "well-formed")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,8]}}""", 8, "well-formed")]
    [InlineData("""{"a":{"dtype":"F32","shape":["2"],"data_offsets":[0,8]}}""", 8, "well-formed")]
    [InlineData("""{"a":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}}""", 8, "F8_E4M3")]
    [InlineData("""{"a":{"shape":[2],"data_offsets":[0,8]}}""", 8, "well-formed")]
    [InlineData("""{"a":[1]}""", 0, "well-formed")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""", 2, "JSON")]
    [InlineData("""{"a":{"dtype":"U8","shape":[[[[1]]]],"data_offsets":[0,1]}}""", 1, "JSON")]
    [InlineData("""{"__metadata__":{"format":1}}""", 0, "__metadata__.format")]
    [InlineData("""{"__metadata__":"pt"}""", 0, "__metadata__")]
    [InlineData("""[1]""", 0, "expected an object")]
    [InlineData("""{"a":""", 0, "JSON")]
    public void A_broken_header_is_refused_with_its_place(string header, int dataBytes, string named)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["broken"], SafetensorsFileTests.Bytes(header, new byte[dataBytes]));

        var error = Assert.Throws<FileContentException>(() => SafetensorsFile.Open(folder["broken"]));

        Assert.Contains(folder["broken"], error.Message);
        Assert.Contains(named, error.Message);
    }

    [Theory]
    [InlineData(0UL, 0)]
    [InlineData(0UL, 7)]
    [InlineData(9UL, 16)]
    [InlineData(ulong.MaxValue, 16)]
    [InlineData(0x7fff_ffff_ffff_fff8UL, 16)]
    [InlineData(0UL, 8)]
    public void A_header_length_beyond_the_file_is_refused(ulong length, int fileBytes)
    {
        using var folder = new TemporaryFolder();
        var bytes = new byte[Math.Max(8, fileBytes)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, length);
        File.WriteAllBytes(folder["broken"], bytes[..fileBytes]);

        Assert.Contains(folder["broken"], Assert.Throws<FileContentException>(() => SafetensorsFile.Open(folder["broken"])).Message);
    }

    [Fact]
    public void A_pointer_of_git_lfs_is_refused_with_advice()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["."]);
        File.WriteAllText(folder["pointer.safetensors"], "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3714759\n");
        var error = Assert.Throws<FileContentException>(() => SafetensorsFile.Open(folder["pointer.safetensors"]));
        Assert.EndsWith("fetch them with `git lfs pull`.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_good_file_cut_at_any_byte_is_refused()
    {
        using var folder = new TemporaryFolder();
        var bytes = SafetensorsFileTests.Bytes("""{"a":{"dtype":"U8","shape":[5],"data_offsets":[0,5]}}""", new byte[5]);
        for (var length = 0; length < bytes.Length; length++)
        {
            File.WriteAllBytes(folder["cut"], bytes[..length]);
            Assert.Throws<FileContentException>(() => SafetensorsFile.Open(folder["cut"]));
        }
    }
}
