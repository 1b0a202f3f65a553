using Rlcm.Checkpoints.Pickle;
using Rlcm.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Checkpoints.Pickle;

/// <summary>Storages and views of them: element types, offsets, strides, sizes.</summary>
public sealed class StoredTensorTests
{
    private static readonly float[] Twelve = [.. Enumerable.Range(0, 12).Select(i => (float)i)];

    [Theory, NoTensorLeaks]
    [InlineData("BoolStorage", ScalarType.Bool)]
    [InlineData("ByteStorage", ScalarType.Byte)]
    [InlineData("CharStorage", ScalarType.Int8)]
    [InlineData("ShortStorage", ScalarType.Int16)]
    [InlineData("IntStorage", ScalarType.Int32)]
    [InlineData("LongStorage", ScalarType.Int64)]
    [InlineData("HalfStorage", ScalarType.Float16)]
    [InlineData("BFloat16Storage", ScalarType.BFloat16)]
    [InlineData("FloatStorage", ScalarType.Float32)]
    [InlineData("DoubleStorage", ScalarType.Float64)]
    public void Every_element_type_is_read(string storageName, ScalarType type)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var values = tensor(new[] { 0f, 1f, 2f, 3.5f, 100f, 127f }).to(type);
        var written = new TorchFile();
        var storage = written.Storage(new PythonGlobal("torch", storageName), values.bytes.ToArray(), 6);
        written.Save(folder["f"], new PythonDictionary { { "a", TorchFile.Tensor(storage, 0, [2, 3], [3, 1]) }, { "b", TorchFile.Tensor(storage, 4, [2], [1]) } });

        using var file = PickleFile.Open(folder["f"]);
        var (a, b) = (file.Read("a"), file.Read("b"));

        Assert.Equal((type, type), (a.dtype, b.dtype));
        Assert.Equal(values.bytes.ToArray(), a.bytes.ToArray());
        Assert.Equal(values[4..6].bytes.ToArray(), b.bytes.ToArray());
    }

    [Fact]
    public void The_third_form_of_tensors_names_its_type_itself()
    {
        using var folder = new TemporaryFolder();
        var written = new TorchFile();
        var storage = written.Storage(new PythonGlobal("torch.storage", "UntypedStorage"), [1, 0, 2, 0, 255, 255], 6);
        var tensor = new PythonCall(new PythonGlobal("torch._utils", "_rebuild_tensor_v3"),
            storage, 1, (object[])[2], (object[])[1], false, new PythonCall(TorchFile.OrderedDict), new PythonGlobal("torch", "int16"));
        written.Save(folder["f"], new PythonDictionary { { "a", tensor } });

        using var file = PickleFile.Open(folder["f"]);
        using var read = file.Read("a");

        Assert.Equal([2, -1], read.data<short>().ToArray());
    }

    [Theory, NoTensorLeaks]
    [InlineData(0, new long[] { 3, 4 }, new long[] { 4, 1 })] // as it lies
    [InlineData(0, new long[] { 4, 3 }, new long[] { 1, 4 })] // transposed
    [InlineData(1, new long[] { 3, 2 }, new long[] { 4, 2 })] // columns 1 and 3
    [InlineData(4, new long[] { 2, 4 }, new long[] { 4, 1 })] // rows 1 and 2
    [InlineData(11, new long[] { }, new long[] { })] // a number
    [InlineData(5, new long[] { 1, 3 }, new long[] { 99, 1 })] // the stride of one element means nothing
    [InlineData(2, new long[] { 3, 5 }, new long[] { 1, 0 })] // expanded
    [InlineData(0, new long[] { 5, 4 }, new long[] { 2, 1 })] // overlapping windows
    [InlineData(0, new long[] { 1, 3, 2, 2 }, new long[] { 12, 1, 6, 3 })] // channels last
    public void A_view_has_the_values_that_torch_gives_it(long offset, long[] shape, long[] strides)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var written = new TorchFile();
        written.Save(folder["f"], new PythonDictionary { { "a", TorchFile.Tensor(written.Floats(Twelve), offset, shape, strides) } });

        using var file = PickleFile.Open(folder["f"]);
        var read = file.Read("a");

        Assert.True(read.is_contiguous());
        Assert.Equal(shape, file["a"].Shape);
        Assert.Equal(shape, read.shape);
        Assert.Equal(tensor(Twelve).as_strided(shape, strides, offset).contiguous().data<float>().ToArray(), read.data<float>().ToArray());
    }

    [Fact]
    public void Tensors_that_share_a_storage_come_out_apart()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var written = new TorchFile();
        var storage = written.Floats(1, 2, 3, 4);
        written.Save(folder["f"], new PythonDictionary { { "a", TorchFile.Tensor(storage, 0, [2], [1]) }, { "b", TorchFile.Tensor(storage, 1, [3], [1]) } });

        using var file = PickleFile.Open(folder["f"]);
        var (a, b) = (file.Read("a"), file.Read("b"));
        a.zero_();

        Assert.Equal([2f, 3f, 4f], b.data<float>().ToArray());
    }

    [Theory, NoTensorLeaks]
    [InlineData(new long[] { 0 }, new long[] { 1 })]
    [InlineData(new long[] { 3, 0, 5 }, new long[] { 5, 5, 1 })]
    public void A_tensor_of_no_elements_has_its_shape(long[] shape, long[] strides)
    {
        using var folder = new TemporaryFolder();
        var written = new TorchFile();
        written.Save(folder["f"], new PythonDictionary { { "a", TorchFile.Tensor(written.Floats(), 0, shape, strides) } });

        using var file = PickleFile.Open(folder["f"]);
        using var read = file.Read("a");

        Assert.Equal(shape, read.shape);
    }

    [Theory]
    [InlineData(0, new long[] { 13 }, new long[] { 1 }, "ends at element 13 of a storage of 12")]
    [InlineData(10, new long[] { 3 }, new long[] { 1 }, "ends at element 13")]
    [InlineData(12, new long[] { }, new long[] { }, "ends at element 13")]
    [InlineData(0, new long[] { 3, 5 }, new long[] { 4, 1 }, "ends at element 13")]
    [InlineData(0, new long[] { 2, 2 }, new long[] { 12, 1 }, "ends at element 14")]
    [InlineData(0, new long[] { -1 }, new long[] { 1 }, "is impossible")]
    [InlineData(0, new long[] { -1, -12 }, new long[] { 1, 1 }, "is impossible")]
    [InlineData(11, new long[] { 12 }, new long[] { -1 }, "is impossible")]
    [InlineData(-1, new long[] { 2 }, new long[] { 1 }, "is impossible")]
    [InlineData(-(1L << 40), new long[] { 2 }, new long[] { 1 }, "is impossible")]
    [InlineData(0, new long[] { 3, 4 }, new long[] { 1 }, "is impossible")]
    [InlineData(long.MaxValue, new long[] { 2 }, new long[] { 1 }, "exceeds 2^63")]
    [InlineData(0, new[] { 1L << 62, 1L << 62 }, new long[] { 0, 0 }, "exceeds 2^63")]
    [InlineData(0, new[] { 0, 1L << 62, 1L << 62 }, new long[] { 1, 1, 1 }, "exceeds 2^63")]
    [InlineData(0, new[] { 3, 1L << 33 }, new[] { 1L << 62, 0 }, "exceeds 2^63")]
    [InlineData(0, new[] { 1L << 40 }, new long[] { 0 }, "expands a storage of 12 elements to 4398046511104 bytes")]
    public void A_view_beyond_its_storage_is_refused(long offset, long[] shape, long[] strides, string named)
    {
        using var folder = new TemporaryFolder();
        var written = new TorchFile();
        written.Save(folder["f"], new PythonDictionary { { "a", TorchFile.Tensor(written.Floats(Twelve), offset, shape, strides) } });

        var error = Assert.Throws<FileContentException>(() => PickleFile.Open(folder["f"]));

        Assert.StartsWith($"{folder["f"]}: a tensor of shape [{string.Join(", ", shape)}], strides [{string.Join(", ", strides)}] and offset {offset} ", error.Message);
        Assert.Contains(named, error.Message);
    }

    [Fact]
    public void Tensors_beyond_four_gigabytes_are_read_without_what_lies_before_them()
    {
        const long Bytes = 5L << 30;
        using var folder = new TemporaryFolder();
        var large = new PythonPersistent("storage", TorchFile.FloatStorage, "0", "cpu", Bytes / 4);
        var behind = new PythonPersistent("storage", TorchFile.FloatStorage, "1", "cpu", 1L);
        var pickle = PythonPickler.Write(new PythonDictionary
        {
            { "end", TorchFile.Tensor(large, (Bytes / 4) - 2, [2], [1]) }, { "whole", TorchFile.Tensor(large, 0, [Bytes / 4], [1]) }, { "behind", TorchFile.Tensor(behind, 0, [], []) },
        });
        using (var stream = File.Create(folder["f"]))
        {
            var zip = new TorchZip(stream);
            zip.Add("archive/data.pkl", pickle);
            zip.AddSparse("archive/data/0", Bytes, [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]);
            zip.Add("archive/data/1", [0, 0, 0x40, 0x40]);
            zip.Finish();
        }

        using var file = PickleFile.Open(folder["f"]);
        using var end = file.Read("end");
        using var last = file.Read("behind");

        Assert.Equal([1f, -2f], end.data<float>().ToArray());
        Assert.Equal(3f, last.item<float>());
        Assert.Equal([Bytes / 4], file["whole"].Shape);
    }
}
