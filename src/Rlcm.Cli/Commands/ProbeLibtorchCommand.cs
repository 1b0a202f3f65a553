using System.CommandLine;
using Rlcm.Runtime;
using Rlcm.Runtime.Libtorch;

namespace Rlcm.Cli.Commands;

/// <summary><c>rlcm probe-libtorch</c>: what <c>--libtorch</c> runs in another process. Writes the version, or what is wrong.</summary>
internal static class ProbeLibtorchCommand
{
    public const string Name = "probe-libtorch";

    public static Command Create(Terminal terminal)
    {
        var folder = new Argument<string>("folder");
        var command = new Command(Name, "Computes with a libtorch and compares with stored values.") { folder };
        command.Hidden = true;
        command.SetAction(arguments =>
        {
            NativeTorch.Use(LibtorchFolder.Find(arguments.GetRequiredValue(folder)));
            terminal.Output.WriteLine(TorchProbe.Run());
            return ExitCode.Success;
        });
        return command;
    }
}
