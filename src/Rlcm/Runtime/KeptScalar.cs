using TorchSharp;
using static TorchSharp.torch;

namespace Rlcm.Runtime;

/// <summary>Numbers for operations on tensors, kept until the operation is over, and the operations that TorchSharp gives numbers of its own.</summary>
/// <remarks>
/// TorchSharp 0.107 turns a number in <c>2 * x</c> into a <see cref="Scalar"/> that nothing refers to while native code reads it. Where another
/// thread causes a garbage collection at this moment, the finalizer frees it: the operation fails ("Expected false to be true") or takes a
/// wrong number. The sum of two tensors has such a number inside, its alpha of 1, and so have <c>square</c>, <c>arange</c> and the conversions of
/// tensors to numbers. All of them are therefore banned in this library (BannedSymbols.txt). The analyzer does not see <c>+=</c> and its like
/// between tensors, which must not be written either.
/// </remarks>
internal static class KeptScalar
{
    private const int Places = 64; // far more than an expression has by itself

    [ThreadStatic]
    private static Scalar?[]? t_kept;

    [ThreadStatic]
    private static int t_next;

    /// <summary><paramref name="value"/> for use in this expression; it is gone after <see cref="Places"/> others of the thread. Methods
    /// called in the same expression make others, too: write it behind them, <c>Loss(x) * Kept(w)</c>.</summary>
    public static Scalar Kept(double value) => Keep(value.ToScalar());

    /// <inheritdoc cref="Kept(double)"/>
    public static Scalar Kept(long value) => Keep(value.ToScalar());

    /// <summary>left + right.</summary>
    public static Tensor Plus(this Tensor left, Tensor right) => left.add(right, Kept(1));

    /// <summary>left + right, elementwise.</summary>
    public static Tensor Plus(this Tensor left, Scalar right) => left.add(right, Kept(1));

    /// <summary>The square, elementwise.</summary>
    public static Tensor Squared(this Tensor tensor) => tensor.pow(Kept(2));

    /// <summary>The only element of a tensor.</summary>
    public static double ToNumber(this Tensor tensor)
    {
        using var scope = NewDisposeScope();
        return tensor.to(ScalarType.Float64).item<double>();
    }

    private static Scalar Keep(Scalar scalar)
    {
        var kept = t_kept ??= new Scalar?[Places];
        kept[t_next]?.Dispose();
        kept[t_next] = scalar;
        t_next = (t_next + 1) % Places;
        return scalar;
    }
}
