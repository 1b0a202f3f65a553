using System.CommandLine;
using Rlcm.Models;
using Rlcm.Runtime;

namespace Rlcm.Cli.Commands;

/// <summary><c>--device</c> and <c>--dtype</c>: where and in which numbers the networks run.</summary>
internal sealed class DeviceOptions
{
    /// <summary>What <c>--device</c> takes.</summary>
    public const string DeviceValue = "cpu|cuda[:i]";

    /// <summary>What <c>--device</c> does.</summary>
    public const string DeviceDescription = "Where the networks run";

    /// <summary>What <c>--dtype</c> takes.</summary>
    public const string DtypeValue = "fp32|fp16|bf16";

    /// <summary>What <c>--dtype</c> does.</summary>
    public const string DtypeDescription = "Numbers of text encoder and U-Net; fp16 and bf16 on GPUs alone";

    private readonly Option<string> _device = new("--device") { Description = DeviceDescription, HelpName = DeviceValue, DefaultValueFactory = _ => "cpu" };
    private readonly Option<string> _dtype = new("--dtype") { Description = DtypeDescription, HelpName = DtypeValue, DefaultValueFactory = _ => "fp32" };

    /// <summary>Adds both to <paramref name="command"/>.</summary>
    public void AddTo(Command command)
    {
        command.Add(_device);
        command.Add(_dtype);
    }

    /// <summary>What they say.</summary>
    /// <exception cref="UserErrorException">The device is not there, or does not compute in these numbers.</exception>
    public ComputeTarget Find(ParseResult arguments)
    {
        var device = arguments.Checked(_device, ComputeTarget.IsDevice, ComputeTarget.ExpectedDevice);
        return ComputeTarget.Find(device, arguments.OneOf(_dtype, ComputeTarget.Precisions));
    }
}
