using System.Globalization;

namespace Rlcm.CrashTests;

/// <summary>How much is done, by variables that <c>eng/crash-test.sh</c> sets.</summary>
internal static class CrashSettings
{
    /// <summary>The whole number in the environment's <paramref name="variable"/>; <paramref name="otherwise"/> where it is not set.</summary>
    public static int Get(string variable, int otherwise) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
