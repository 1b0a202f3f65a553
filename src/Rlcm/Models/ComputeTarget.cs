using System.Globalization;
using System.Text.RegularExpressions;
using Rlcm.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlcm.Models;

/// <summary>The numbers in which networks are kept and computed.</summary>
public enum ComputePrecision
{
    /// <summary>32-bit floats.</summary>
    Fp32,

    /// <summary>16-bit floats with 11 digits, up to 65504.</summary>
    Fp16,

    /// <summary>16-bit floats with 8 digits and the range of 32-bit ones.</summary>
    Bf16,
}

/// <summary>Where and in which numbers the networks run.</summary>
/// <param name="Device">The processor or a GPU.</param>
/// <param name="Dtype">The type of the weights of text encoder and U-Net.</param>
public sealed partial record ComputeTarget(Device Device, ScalarType Dtype)
{
    /// <summary>Devices by name: <c>cpu</c>, <c>cuda</c>, <c>cuda:1</c>.</summary>
    public const string DevicePattern = "^(cpu|cuda(:[0-9]{1,3})?)$";

    /// <summary>What such a name has to be, for messages.</summary>
    public const string ExpectedDevice = "cpu, cuda or cuda:N";

    /// <summary>The numbers by name.</summary>
    public static IReadOnlyDictionary<string, ComputePrecision> Precisions { get; } = new Dictionary<string, ComputePrecision>(StringComparer.Ordinal)
    {
        ["fp32"] = ComputePrecision.Fp32,
        ["fp16"] = ComputePrecision.Fp16,
        ["bf16"] = ComputePrecision.Bf16,
    };

    /// <summary>The processor, in 32-bit floats.</summary>
    public static ComputeTarget Default { get; } = new(CPU, ScalarType.Float32);

    /// <summary>Finds the device.</summary>
    /// <param name="device">As <see cref="DevicePattern"/>.</param>
    /// <param name="precision">The numbers.</param>
    /// <exception cref="UserErrorException">The device is not there, or does not compute in these numbers.</exception>
    public static ComputeTarget Find(string device, ComputePrecision precision)
    {
        if (Refusal(device, precision) is { } refusal)
            throw new UserErrorException($"--dtype: {refusal}.");
        if (device == "cpu")
            return Default;
        var index = device.Contains(':', StringComparison.Ordinal) ? int.Parse(device.Split(':')[1], CultureInfo.InvariantCulture) : 0;
        var count = cuda.is_available() ? cuda.device_count() : 0;
        return index < count ? new(new Device(DeviceType.CUDA, index), TypeOf(precision)) : throw new UserErrorException(
            $"--device {device}: expected {(index == 0 ? "an NVIDIA GPU" : $"at least {index + 1} NVIDIA GPUs")} and a libtorch that uses it (a build with -p:LibTorch=cuda, or --libtorch DIR), found {(count == 0 ? "none" : $"{count}")}; choose --device cpu{(count > 0 ? " or cuda:0" : "")}.");
    }

    /// <summary>Whether <paramref name="name"/> is that of a device, there or not.</summary>
    public static bool IsDevice(string? name) => name is not null && DeviceName.IsMatch(name);

    /// <summary>Why <paramref name="device"/> and <paramref name="precision"/> do not go together; null where they do.</summary>
    public static string? Refusal(string device, ComputePrecision precision) => device == "cpu" && precision != ComputePrecision.Fp32
        ? $"processors compute {(precision == ComputePrecision.Fp16 ? "fp16" : "bf16")} hundreds of times slower than fp32; expected fp32 with the device cpu, or a GPU: choose fp32"
        : null;

    /// <summary>The tensors' type of <paramref name="precision"/>.</summary>
    public static ScalarType TypeOf(ComputePrecision precision) => precision switch
    {
        ComputePrecision.Fp16 => ScalarType.Float16,
        ComputePrecision.Bf16 => ScalarType.BFloat16,
        _ => ScalarType.Float32,
    };

    [GeneratedRegex(DevicePattern, RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex DeviceName { get; }
}
