using Rlcm.Runtime;
using Xunit;

[assembly: AssemblyFixture(typeof(Rlcm.Tests.TestAssembly))]

namespace Rlcm.Tests;

/// <summary>Lets TorchSharp find libtorch where a test touches <c>torch</c> before anything of Rlcm.</summary>
public sealed class TestAssembly
{
    public TestAssembly() => NativeTorch.EnsureLoaded();
}
