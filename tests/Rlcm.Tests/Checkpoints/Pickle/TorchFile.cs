using System.Globalization;
using System.Runtime.InteropServices;

namespace Rlcm.Tests.Checkpoints.Pickle;

/// <summary>Collects storages and tensors and writes them as <c>torch.save</c> does.</summary>
internal sealed class TorchFile
{
    /// <summary>What to do about files that hold more than weights.</summary>
    public const string Advice = "if you trust where it is from, convert it to safetensors, or load it in PyTorch and save its state_dict alone.";

    public static readonly PythonGlobal OrderedDict = new("collections", "OrderedDict");
    public static readonly PythonGlobal RebuildTensor = new("torch._utils", "_rebuild_tensor_v2");
    public static readonly PythonGlobal FloatStorage = new("torch", "FloatStorage");

    private readonly List<byte[]> _storages = [];

    /// <summary>A storage of elements of <paramref name="type"/>.</summary>
    public PythonPersistent Storage(PythonGlobal type, byte[] bytes, long count, string device = "cpu")
    {
        _storages.Add(bytes);
        return new PythonPersistent("storage", type, (_storages.Count - 1).ToString(CultureInfo.InvariantCulture), device, count);
    }

    /// <summary>A storage of Float32 numbers.</summary>
    public PythonPersistent Floats(params float[] values) => Storage(FloatStorage, MemoryMarshal.AsBytes(values.AsSpan()).ToArray(), values.Length);

    /// <summary>A view of a storage.</summary>
    public static PythonCall Tensor(PythonPersistent storage, long offset, long[] shape, long[] strides) =>
        new(RebuildTensor, storage, offset, Tuple(shape), Tuple(strides), false, new PythonCall(OrderedDict));

    /// <summary>A vector of Float32 numbers with a storage of its own.</summary>
    public PythonCall Vector(params float[] values) => Tensor(Floats(values), 0, [values.Length], [1]);

    /// <summary>Writes the file with <paramref name="root"/> as its content.</summary>
    public void Save(string path, object? root, int protocol = 2, bool deflate = false) => Save(path, PythonPickler.Write(root, protocol), deflate);

    /// <summary>Writes the file with a pickle of one's own.</summary>
    public void Save(string path, byte[] pickle, bool deflate = false)
    {
        using var stream = File.Create(path);
        var zip = new TorchZip(stream);
        zip.Add("archive/data.pkl", pickle, deflate);
        zip.Add("archive/byteorder", "little"u8.ToArray());
        for (var i = 0; i < _storages.Count; i++)
            zip.Add($"archive/data/{i}", _storages[i], deflate);
        zip.Add("archive/version", "3\n"u8.ToArray());
        zip.Add("archive/.data/serialization_id", "0123456789012345678901234567890123456789"u8.ToArray());
        zip.Finish();
    }

    private static object?[] Tuple(long[] numbers) => [.. numbers.Cast<object>()];
}
