using Rlcm.Runtime;
using Xunit;

[assembly: AssemblyFixture(typeof(Rlcm.Tests.TestAssembly))]

namespace Rlcm.Tests;

/// <summary>
/// Loads the natives before a test touches <c>torch</c> on its own. Not a module initializer: the adapter of <c>dotnet test</c> first starts
/// the tests only to ask what they are, and takes it for a failure when that process, weighed down by libtorch, needs over a second to exit.
/// </summary>
public sealed class TestAssembly
{
    public TestAssembly() => NativeTorch.EnsureLoaded();
}
