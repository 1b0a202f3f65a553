using System.Diagnostics;
using System.Globalization;
using Rlcm.CrashTests;
using Rlcm.Runtime;

/// <summary>
/// Runs inside the real program, before it, where the variable DOTNET_STARTUP_HOOKS names this assembly: ends the process, without a
/// warning, before change number k of a file, or writes down how many changes there were.
/// </summary>
#pragma warning disable MA0047 // the runtime looks for this name, without a namespace
internal static class StartupHook
#pragma warning restore MA0047
{
    public static void Initialize()
    {
        var last = long.Parse(Environment.GetEnvironmentVariable(KilledProcess.StopBefore) ?? "0", CultureInfo.InvariantCulture);
        var counted = Environment.GetEnvironmentVariable(KilledProcess.CountInto);
        var changes = 0L;
        FileChanges.Announced = _ =>
        {
            changes++;
            if (changes == last)
                Process.GetCurrentProcess().Kill();
        };
        if (counted is not null)
            AppDomain.CurrentDomain.ProcessExit += (_, _) => File.WriteAllText(counted, changes.ToString(CultureInfo.InvariantCulture));
    }
}
