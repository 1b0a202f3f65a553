using TorchSharp;

namespace Rlcm.Runtime;

/// <summary>Numbers for operations on tensors, kept until the operation is over.</summary>
/// <remarks>
/// TorchSharp 0.107 turns a number in <c>2 * x</c> into a <see cref="Scalar"/> that nothing refers to while native code reads it. Where another
/// thread causes a garbage collection at this moment, the finalizer frees it: the operation fails ("Expected false to be true") or takes a
/// wrong number. Implicit conversions are therefore banned in this library (BannedSymbols.txt).
/// </remarks>
internal static class KeptScalar
{
    private const int Places = 64; // far more than an expression has

    [ThreadStatic]
    private static Scalar?[]? t_kept;

    [ThreadStatic]
    private static int t_next;

    /// <summary><paramref name="value"/> for use in this expression; it is gone after <see cref="Places"/> others of the thread.</summary>
    public static Scalar Kept(double value) => Keep(value.ToScalar());

    /// <inheritdoc cref="Kept(double)"/>
    public static Scalar Kept(long value) => Keep(value.ToScalar());

    private static Scalar Keep(Scalar scalar)
    {
        var kept = t_kept ??= new Scalar?[Places];
        kept[t_next]?.Dispose();
        kept[t_next] = scalar;
        t_next = (t_next + 1) % Places;
        return scalar;
    }
}
