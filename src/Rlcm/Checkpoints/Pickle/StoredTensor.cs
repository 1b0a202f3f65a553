using Rlcm.Runtime;
using static TorchSharp.torch;

namespace Rlcm.Checkpoints.Pickle;

/// <summary>The bytes behind one or several tensors.</summary>
/// <param name="Entry">The entry of the zip file.</param>
/// <param name="Dtype">The element type, null where the tensors say it.</param>
/// <param name="Count">Number of elements, or of bytes where it has no type.</param>
internal sealed record PickleStorage(ZipEntry Entry, ScalarType? Dtype, long Count)
{
    /// <inheritdoc/>
    public override string ToString() => "a storage";
}

/// <summary>A tensor as torch describes it: a view of a storage, by offset and strides. It lies within its storage.</summary>
/// <param name="Entry">The entry of the zip file.</param>
/// <param name="Dtype">The element type.</param>
/// <param name="Offset">Elements of the storage before the first.</param>
/// <param name="Shape">The dimensions.</param>
/// <param name="Strides">Elements of the storage from one to the next of each dimension.</param>
internal sealed record StoredTensor(ZipEntry Entry, ScalarType Dtype, long Offset, long[] Shape, long[] Strides)
{
    private const int ChunkBytes = 1 << 30; // a span ends at 2 GB

    private string Description => $"a tensor of shape [{string.Join(", ", Shape)}], strides [{string.Join(", ", Strides)}] and offset {Offset}";

    /// <summary>
    /// Bytes that reading it takes, of memory or of time: those of its values, or of the storage's part that they lie in, or of all before them
    /// where these have to be unpacked first.
    /// </summary>
    public long ReadBytes => SafetensorsDtype.SizeOf(Dtype) * (Count == 0 ? 0 : Math.Max(Count, Extent + (Entry.IsCompressed ? Offset : 0)));

    private long Count => Shape.Aggregate(1L, (product, side) => product * side);

    // Elements of the storage from the first to the last, both included.
    private long Extent => 1 + Shape.Zip(Strides, (side, stride) => (side - 1) * stride).Sum();

    /// <summary>A view of <paramref name="storage"/> as <paramref name="dtype"/>, checked.</summary>
    /// <exception cref="UserErrorException">It reaches beyond its storage, or would make far more of it than it holds.</exception>
    public static StoredTensor Create(PickleStorage storage, ScalarType dtype, long offset, long[] shape, long[] strides, PickleCursor cursor)
    {
        var tensor = new StoredTensor(storage.Entry, dtype, offset, shape, strides);
        if (shape.Length != strides.Length || offset < 0 || shape.Any(side => side < 0) || strides.Any(stride => stride < 0))
            throw cursor.Damaged($"{tensor.Description} is impossible");

        var elementBytes = SafetensorsDtype.SizeOf(dtype);
        var available = storage.Dtype is null ? storage.Count / elementBytes : storage.Count;
        try
        {
            var bytes = shape.Aggregate((long)elementBytes, (product, side) => checked(product * Math.Max(side, 1)));
            var end = shape.Contains(0) ? 0 : shape.Zip(strides).Aggregate(checked(offset + 1), (sum, side) => checked(sum + (side.First - 1) * side.Second));
            if (end > available)
                throw cursor.Damaged($"{tensor.Description} ends at element {end} of a storage of {available}");
            if (end > 0 && bytes > Math.Max(available * elementBytes, PickleLimits.ExpandedBytes))
                throw cursor.Unsupported($"{tensor.Description} expands a storage of {available} elements to {bytes} bytes");
        }
        catch (OverflowException)
        {
            throw cursor.Damaged($"{tensor.Description} exceeds 2^63 bytes");
        }

        return tensor;
    }

    /// <summary>A new contiguous CPU tensor with the values.</summary>
    public Tensor Read(TorchArchive archive)
    {
        using var scope = NewDisposeScope();
        if (Count == 0)
            return empty(Shape, Dtype).MoveToOuterDisposeScope();
        var isContiguous = IsContiguous();
        var read = isContiguous ? empty(Shape, Dtype) : empty([Extent], Dtype);
        Fill(read, archive);
        return (isContiguous ? read : read.as_strided(Shape, Strides).contiguous()).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override string ToString() => "a tensor";

    // Row by row without holes; the strides of dimensions of one element say nothing.
    private bool IsContiguous()
    {
        var expected = 1L;
        for (var i = Shape.Length - 1; i >= 0; expected *= Shape[i], i--)
        {
            if (Shape[i] != 1 && Strides[i] != expected)
                return false;
        }

        return true;
    }

    private unsafe void Fill(Tensor target, TorchArchive archive)
    {
        var elementBytes = SafetensorsDtype.SizeOf(Dtype);
        var memory = TensorMemory.Pointer(target);
        var total = target.numel() * elementBytes;
        for (long done = 0; done < total; done += ChunkBytes)
            archive.Read(Entry, (Offset * elementBytes) + done, new Span<byte>(memory + done, (int)Math.Min(ChunkBytes, total - done)));
    }
}
