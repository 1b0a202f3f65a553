using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace Rlcm.Cli.Tests.Processes;

/// <summary>The built program, run as users run it: in a process of its own, its output in pipes.</summary>
internal sealed class RlcmProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly Process _process;
    private readonly Task<string> _error;
    private readonly List<string> _lines = [];

    private static IReadOnlyDictionary<string, string> NoVariables { get; } = new Dictionary<string, string>(StringComparer.Ordinal);

    private RlcmProcess(Process process) => (_process, _error) = (process, process.StandardError.ReadToEndAsync());

    /// <summary>The folder of the program that was built with the same configuration as these tests, which lie at <c>tests/.../bin/CONFIGURATION/FRAMEWORK</c>.</summary>
    public static string Folder
    {
        get
        {
            var build = new DirectoryInfo(AppContext.BaseDirectory);
            var root = build;
            while (!File.Exists(Path.Combine(root.FullName, "Rlcm.slnx")))
                root = root.Parent ?? throw new InvalidOperationException($"{AppContext.BaseDirectory} is not below the folder of Rlcm.slnx.");
            return Path.Combine(root.FullName, "src", "Rlcm.Cli", "bin", build.Parent!.Name, build.Name);
        }
    }

    /// <summary>The files that the running process has mapped into its memory (Linux).</summary>
    public IReadOnlySet<string> MappedFiles => File.ReadLines($"/proc/{_process.Id}/maps").Select(line => line[(line.LastIndexOf(' ') + 1)..]).ToHashSet(StringComparer.Ordinal);

    /// <summary>Starts the program, in a folder far from the project's.</summary>
    public static RlcmProcess Start(params string[] arguments) => StartFrom(Folder, NoVariables, arguments);

    /// <summary>As above, with further variables.</summary>
    public static RlcmProcess Start(IReadOnlyDictionary<string, string> environment, params string[] arguments) => StartFrom(Folder, environment, arguments);

    /// <summary>Starts a copy of the program in <paramref name="folder"/>.</summary>
    public static RlcmProcess StartFrom(string folder, params string[] arguments) => StartFrom(folder, NoVariables, arguments);

    private static RlcmProcess StartFrom(string folder, IReadOnlyDictionary<string, string> environment, string[] arguments)
    {
        var path = Path.Combine(folder, OperatingSystem.IsWindows() ? "rlcm.exe" : "rlcm");
        var executable = File.Exists(path) ? path : throw new InvalidOperationException($"{path} does not exist; build src/Rlcm.Cli.");
        // A shell that starts the tests in the background has them ignore Ctrl-C, which is inherited: env undoes it.
        string[] command = OperatingSystem.IsLinux() ? ["env", "--default-signal=INT", executable] : [executable];
        var start = new ProcessStartInfo(command[0], [.. command[1..], .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return new(Process.Start(start)!);
    }

    /// <summary>Runs the program to its end.</summary>
    public static Task<(int Code, string[] Output, string Error)> RunAsync(params string[] arguments) => RunAsync(NoVariables, arguments);

    /// <summary>As above, with further variables.</summary>
    public static async Task<(int Code, string[] Output, string Error)> RunAsync(IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        using var process = Start(environment, arguments);
        return await process.EndAsync();
    }

    /// <summary>The first line of standard output that starts with <paramref name="start"/>, as soon as it is there.</summary>
    public async Task<string> LineAsync(string start)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (await _process.StandardOutput.ReadLineAsync(patience.Token) is { } line)
        {
            _lines.Add(line);
            if (line.StartsWith(start, StringComparison.Ordinal))
                return line;
        }

        throw new InvalidOperationException($"The program ended before it wrote '{start}': {await _error}");
    }

    /// <summary>What Ctrl-C does.</summary>
    public void Interrupt() => Signal("INT");

    /// <summary>Sends a signal, such as <c>TERM</c>.</summary>
    public void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
        Assert.Equal(0, kill.ExitCode);
    }

    /// <summary>Kills the program after <paramref name="delay"/>, without a warning; its exit code where it has ended before.</summary>
    public async Task<int?> KillAfterAsync(TimeSpan delay)
    {
        var end = EndAsync();
        if (await Task.WhenAny(end, Task.Delay(delay)) == end)
            return (await end).Code;
        _process.Kill();
        var (code, _, _) = await end;
        return code == 128 + 9 ? null : code;
    }

    /// <summary>Waits for the end: exit code, all lines of standard output, all of standard error.</summary>
    public async Task<(int Code, string[] Output, string Error)> EndAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        while (await _process.StandardOutput.ReadLineAsync(patience.Token) is { } line)
            _lines.Add(line);
        await _process.WaitForExitAsync(patience.Token);
        return (_process.ExitCode, [.. _lines], await _error);
    }

    /// <summary>Ends the process if it still runs.</summary>
    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }
}
