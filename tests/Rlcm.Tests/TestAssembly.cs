using System.Runtime.CompilerServices;
using Rlcm.Runtime;

namespace Rlcm.Tests;

/// <summary>Loads the natives before a test touches <c>torch</c> on its own.</summary>
internal static class TestAssembly
{
    [ModuleInitializer]
    internal static void Initialize() => NativeTorch.EnsureLoaded();
}
