using System.Diagnostics;
using Rlcm.Cli.Commands;
using Rlcm.Runtime.Libtorch;

namespace Rlcm.Cli.Libtorch;

/// <summary>Runs <c>rlcm probe-libtorch</c> in a process of its own, which may crash or hang.</summary>
internal static class ProbeProcess
{
    /// <summary>Loading a libtorch with CUDA from a cold network disk and starting a GPU takes a minute or two.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>Probes the libtorch of <paramref name="folder"/> with this program.</summary>
    public static Task<ProbeResult> RunAsync(LibtorchFolder folder, CancellationToken stop) =>
        RunAsync([.. ThisProgram(), ProbeLibtorchCommand.Name, folder.Path], Patience, stop);

    /// <summary>Waits for a process that probes; ends it after <paramref name="patience"/>, or when asked to stop.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> asked to.</exception>
    internal static async Task<ProbeResult> RunAsync(string[] command, TimeSpan patience, CancellationToken stop)
    {
        var start = new ProcessStartInfo(command[0], command[1..]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(patience);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(limit.Token), process.StandardError.ReadToEndAsync(limit.Token));
        try
        {
            await process.WaitForExitAsync(limit.Token);
            return ProbeResult.Of(process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            stop.ThrowIfCancellationRequested();
            return ProbeResult.Hung(patience);
        }
    }

    /// <summary>The command that starts this program: its executable, or dotnet with the assembly where it was started so.</summary>
    private static string[] ThisProgram() => Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet"
        ? [Environment.ProcessPath!, typeof(ProbeProcess).Assembly.Location]
        : [Environment.ProcessPath!];
}
