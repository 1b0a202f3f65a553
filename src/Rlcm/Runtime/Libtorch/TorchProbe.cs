using System.Runtime.InteropServices;
using TorchSharp;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;

namespace Rlcm.Runtime.Libtorch;

/// <summary>
/// A numeric test of the libtorch in this process against stored values: whether it computes what the one of the expected version
/// computes. Run it in a process that may die: a libtorch that does not fit can end it.
/// </summary>
/// <remarks>
/// Inputs are multiples of 1/8, of at most 5 in size, which TF32 holds exactly, too: with it only the softmax of attention and transformed
/// convolutions (Winograd) round, to much less than <see cref="Tolerance"/>.
/// </remarks>
public static class TorchProbe
{
    /// <summary>How far a number may lie from the stored one; the largest are about 3.</summary>
    internal const double Tolerance = 1e-3;

    /// <summary>What is computed, and the stored summaries of the results, from plain loops in double precision (<c>TorchProbeTests</c>).</summary>
    internal static readonly ProbeCheck[] Checks =
    [
        new("matmul", [-0.921875, 0.953125, 0.75, -0.0004638671875, -0.015348307291666667],
            device => matmul(Numbers(device, 3, 0, 48, 80), Numbers(device, 7, 2, 80, 40))),
        new("convolution", [0.65625, -0.8125, -1.984375, 0.0006891025641025641, 1.201923076923077e-05],
            device => Convolution(Numbers(device, 5, 1, 2, 6, 15, 13), Numbers(device, 4, 3, 10, 6, 3, 3))),
        new("scaled_dot_product_attention", [-0.017544163732352097, 0.05186284879011853, 0.05665945708710145, 0.0001578194436184315, 0.002798220571661198],
            device => nn.functional.scaled_dot_product_attention(
                Numbers(device, 3, 4, 2, 3, 33, 8) * Kept(8), Numbers(device, 8, 1, 2, 3, 29, 8), Numbers(device, 6, 5, 2, 3, 29, 8))),
        new("the gradient of a convolution", [2.703125, 1.34375, 2.59375, -0.15523726851851852, -0.07447916666666667], WeightGradient),
    ];

    /// <summary>
    /// Computes everything on the CPU and, where libtorch has CUDA and there is a device, on the first of these; returns the version that
    /// libtorch tells of itself, null where it tells none.
    /// </summary>
    /// <exception cref="UserErrorException">libtorch cannot be loaded, or a result is not the stored one.</exception>
    public static string? Run()
    {
        try
        {
            var version = NativeTorch.Load()?.Version;
            NativeTorch.DisableNnpack();
            Compare(Checks, CPU);
            if (cuda.is_available())
                Compare(Checks, CUDA);
            return version;
        }
        catch (Exception error) when (error is DllNotFoundException or EntryPointNotFoundException or ExternalException)
        {
            throw new UserErrorException($"{error.Message.Split('\n')[0]}.", error);
        }
    }

    /// <summary>Compares each check's result on <paramref name="device"/> with what is stored.</summary>
    internal static void Compare(IEnumerable<ProbeCheck> checks, Device device)
    {
        foreach (var check in checks)
        {
            var found = Summary(check, device);
            for (var i = 0; i < found.Length; i++)
            {
                if (!(Math.Abs(found[i] - check.Expected[i]) <= Tolerance))
                    throw new UserErrorException($"{check.Name} on {device} is wrong: expected {check.Expected[i]}, found {found[i]}.");
            }
        }
    }

    /// <summary>Five numbers of the result: its first, middle and last element, the mean of all, and the mean of all times -3 to 3 in turn.</summary>
    internal static double[] Summary(ProbeCheck check, Device device)
    {
        using var scope = NewDisposeScope();
        float[] values = [.. check.Compute(device).cpu().contiguous().data<float>()];
        return Summary([.. values.Select(value => (double)value)]);
    }

    /// <inheritdoc cref="Summary(ProbeCheck, Device)"/>
    internal static double[] Summary(double[] values) =>
        [values[0], values[values.Length / 2], values[^1], values.Average(), values.Select((value, index) => value * (index % 7 - 3)).Average()];

    /// <summary>Numbers -5/8 to 5/8 in steps of 1/8, in an order that <paramref name="stride"/> and <paramref name="start"/> give.</summary>
    internal static float[] Sequence(int stride, int start, long count) => [.. Enumerable.Range(0, (int)count).Select(index => ((index * stride + start + index / 11) % 11 - 5) / 8f)];

    private static Tensor Numbers(Device device, int stride, int start, params long[] shape) =>
        tensor(Sequence(stride, start, shape.Aggregate((product, size) => product * size))).reshape(shape).to(device);

    private static Tensor Convolution(Tensor input, Tensor weight) => nn.functional.conv2d(input, weight, padding: [1, 1]);

    /// <summary>d/dw of the sum of g * conv(x, w).</summary>
    private static Tensor WeightGradient(Device device)
    {
        using var enabled = enable_grad();
        var weight = Numbers(device, 4, 3, 10, 6, 3, 3).requires_grad_();
        var output = Convolution(Numbers(device, 5, 1, 2, 6, 15, 13), weight);
        (Numbers(device, 9, 2, 2, 10, 15, 13) * output).sum().backward();
        return weight.grad!;
    }
}

/// <summary>A computation of the probe.</summary>
/// <param name="Name">Its name, for the message.</param>
/// <param name="Expected">The stored summary.</param>
/// <param name="Compute">Computes the result on a device, in single precision.</param>
internal sealed record ProbeCheck(string Name, double[] Expected, Func<Device, Tensor> Compute);
