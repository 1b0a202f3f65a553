using Rlcm.Runtime;
using Rlcm.Runtime.Libtorch;

namespace Rlcm.Cli.Libtorch;

/// <summary>Chooses a libtorch after it has shown in another process that it computes right.</summary>
internal static class LibtorchChoice
{
    /// <summary>Has this process use the libtorch of <paramref name="directory"/>, says which version that is, and warns of another one than expected.</summary>
    /// <param name="directory">What the user named.</param>
    /// <param name="terminal">Where to write.</param>
    /// <param name="probe">Probes a libtorch in another process.</param>
    /// <param name="stop">Ends the probe.</param>
    /// <exception cref="UserErrorException">There is no libtorch, this program cannot use another, or the probe failed.</exception>
    public static async Task MakeAsync(string directory, Terminal terminal, Func<LibtorchFolder, CancellationToken, Task<ProbeResult>> probe, CancellationToken stop)
    {
        NativeTorch.RequireChoice();
        var folder = LibtorchFolder.Find(directory);
        var result = await probe(folder, stop);
        var version = folder.Version ?? result.Version;
        if (result.Failure is { } failure)
        {
            throw new UserErrorException($"{Describe(version, folder)} failed its probe: {failure}; expected is version {ExpectedMinor}: "
                + $"name an installation of PyTorch {ExpectedMinor}, or leave --libtorch out.");
        }

        NativeTorch.Use(folder);
        await terminal.Output.WriteLineAsync(Describe(version, folder));
        if (version is null || Minor(version) != ExpectedMinor)
        {
            await terminal.Error.WriteLineAsync($"Warning: the libtorch in use is {version ?? "of unknown version"}, this program was made for {ExpectedMinor}; "
                + "its probe passed, but what the probe does not compute may fail or differ.");
        }
    }

    private static string ExpectedMinor => Minor(NativeTorch.ExpectedVersion);

    private static string Describe(string? version, LibtorchFolder folder) => $"libtorch {version ?? "(unknown version)"} of {folder.Path}";

    /// <summary>2.10 of 2.10.0+cu128.</summary>
    private static string Minor(string version) => string.Join('.', version.Split('.').Take(2));
}
