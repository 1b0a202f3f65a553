using Rlcm.Cli.Tests.Processes;

namespace Rlcm.CrashTests;

/// <summary>The built program with <see cref="StartupHook"/> in it.</summary>
internal static class KilledProcess
{
    /// <summary>The variable that names the change before which the process ends.</summary>
    public const string StopBefore = "RLCM_CRASH_BEFORE";

    /// <summary>The variable that names the file into which the number of changes is written.</summary>
    public const string CountInto = "RLCM_CRASH_COUNT";

    /// <summary>Runs the program; it ends before change <paramref name="change"/> of a file, if it comes to it.</summary>
    public static Task<(int Code, string[] Output, string Error)> RunAsync(long change, params string[] arguments) => RlcmProcess.RunAsync(Hook(StopBefore, $"{change}"), arguments);

    /// <summary>Runs the program and returns how many changes of files it made.</summary>
    public static async Task<long> CountAsync(string file, params string[] arguments)
    {
        var (code, _, error) = await RlcmProcess.RunAsync(Hook(CountInto, file), arguments);
        return code == 0 ? long.Parse(await File.ReadAllTextAsync(file), System.Globalization.CultureInfo.InvariantCulture) : throw new InvalidOperationException(error);
    }

    private static Dictionary<string, string> Hook(string variable, string value) => new(StringComparer.Ordinal)
    {
        ["DOTNET_STARTUP_HOOKS"] = typeof(KilledProcess).Assembly.Location,
        [variable] = value,
    };
}
