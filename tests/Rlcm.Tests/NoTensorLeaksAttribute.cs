using System.Reflection;
using TorchSharp;
using Xunit;
using Xunit.v3;

namespace Rlcm.Tests;

/// <summary>Fails a test that leaves tensors alive on its thread.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NoTensorLeaksAttribute : BeforeAfterTestAttribute
{
    private long _before;

    public override void Before(MethodInfo methodUnderTest, IXunitTest test) => _before = Live();

    public override void After(MethodInfo methodUnderTest, IXunitTest test)
    {
        var leaked = Live() - _before;
        Assert.True(leaked == 0, $"{leaked} tensors are still alive after {methodUnderTest.Name}.");
    }

    private static long Live() => DisposeScopeManager.Statistics.ThreadTotalLiveCount;
}
