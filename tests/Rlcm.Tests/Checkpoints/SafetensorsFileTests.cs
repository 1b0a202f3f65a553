using System.Buffers.Binary;
using System.Text;
using Rlcm.Checkpoints;
using Rlcm.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Checkpoints;

public sealed class SafetensorsFileTests
{
    // Two tensors: "a" F32 [2] = 1, -2 and "b" U8 [3] = 7, 8, 9.
    private const string SmallHeader =
        """{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[3],"data_offsets":[8,11]}} """;

    private static readonly byte[] SmallData = [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 7, 8, 9];

    [Fact]
    public void A_file_written_by_hand_is_read()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["f"], Bytes(SmallHeader, SmallData));

        using var file = SafetensorsFile.Open(folder["f"]);
        using var a = file.Read("a");
        using var b = file.Read("b");
        using var wide = file.ReadFloat("b");

        Assert.Equal(["a", "b"], file.Keys);
        Assert.Equal("pt", file.Metadata["format"]);
        Assert.Equal([1f, -2f], a.data<float>().ToArray());
        Assert.Equal([7, 8, 9], b.data<byte>().ToArray());
        Assert.Equal([7f, 8f, 9f], wide.data<float>().ToArray());
        Assert.Equal([2L], file["a"].Shape);
        Assert.Equal((ScalarType.Byte, 8L, 11L), (file["b"].Dtype, file["b"].Begin, file["b"].End));
    }

    [Fact]
    public void The_writer_gives_the_bytes_written_by_hand()
    {
        using var folder = new TemporaryFolder();
        using var a = tensor([1f, -2f]);
        using var b = tensor(new byte[] { 7, 8, 9 });

        SafetensorsWriter.Write(folder["f"], [("b", b), ("a", a)], new Dictionary<string, string> { ["format"] = "pt" });

        var header = SmallHeader.TrimEnd();
        header = header.PadRight((header.Length + 7) / 8 * 8);
        Assert.Equal(Bytes(header, SmallData), File.ReadAllBytes(folder["f"]));
    }

    [Theory]
    [InlineData(ScalarType.Bool)]
    [InlineData(ScalarType.Byte)]
    [InlineData(ScalarType.Int8)]
    [InlineData(ScalarType.Int16)]
    [InlineData(ScalarType.Int32)]
    [InlineData(ScalarType.Int64)]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    public void Every_element_type_survives_a_round_trip(ScalarType type)
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        var values = tensor(new[] { 0f, 1f, 2f, 3.5f, 100f, 127f }).view(2, 3).to(type);
        var transposed = values.t();
        var scalar = values.flatten()[5];
        var none = zeros([0, 4], type);

        SafetensorsWriter.Write(folder["f"], [("values", values), ("transposed", transposed), ("scalar", scalar), ("none", none)]);
        using var file = SafetensorsFile.Open(folder["f"]);

        foreach (var (key, expected) in new[] { ("values", values), ("transposed", transposed), ("scalar", scalar), ("none", none) })
        {
            var found = file.Read(key);
            Assert.Equal(type, found.dtype);
            Assert.Equal(expected.shape, found.shape);
            Assert.True(found.equal(expected).all().item<bool>());
        }
    }

    [Fact]
    public void Floating_point_tensors_are_cast_where_asked_and_others_keep_their_type()
    {
        using var folder = new TemporaryFolder();
        using var weight = tensor([0.5f, 3f]);
        using var ids = tensor(new long[] { 1, 1L << 40 });

        SafetensorsWriter.Write(folder["f"], [("weight", weight), ("ids", ids)], castTo: ScalarType.Float16);
        using var file = SafetensorsFile.Open(folder["f"]);
        using var wide = file.ReadFloat("weight");

        Assert.Equal((ScalarType.Float16, ScalarType.Int64), (file["weight"].Dtype, file["ids"].Dtype));
        Assert.Equal([0.5f, 3f], wide.data<float>().ToArray());
    }

    [Fact]
    public void A_name_given_twice_or_reserved_is_refused_and_nothing_is_written()
    {
        using var folder = new TemporaryFolder();
        using var value = ones(1);

        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(folder["f"], [("a", value), ("a", value)]));
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(folder["f"], [("__metadata__", value)]));
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void A_missing_file_and_a_missing_tensor_are_named()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains(folder["none"], Assert.Throws<UserErrorException>(() => SafetensorsFile.Open(folder["none"])).Message);

        File.WriteAllBytes(folder["f"], Bytes(SmallHeader, SmallData));
        using var file = SafetensorsFile.Open(folder["f"]);
        Assert.Contains("'weight'", Assert.Throws<FileContentException>(() => file.Read("weight")).Message);
    }

    [Fact]
    public void A_sparse_file_beyond_2_GB_is_read_at_its_end()
    {
        const long Large = 3L << 30;
        using var folder = new TemporaryFolder();
        var header = $$$"""{"big":{"dtype":"U8","shape":[{{{Large}}}],"data_offsets":[0,{{{Large}}}]},"end":{"dtype":"F32","shape":[1],"data_offsets":[{{{Large}}},{{{Large + 4}}}]}}""";
        using (var stream = File.Create(folder["f"]))
        {
            stream.Write(Bytes(header, []));
            stream.Seek(Large, SeekOrigin.Current);
            stream.Write([0, 0, 0x28, 0x42]);
        }

        using var file = SafetensorsFile.Open(folder["f"]);
        using var end = file.Read("end");
        Assert.Equal(42f, end.item<float>());
    }

    internal static byte[] Bytes(string header, byte[] data)
    {
        var json = Encoding.UTF8.GetBytes(header);
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        return [.. length, .. json, .. data];
    }
}
