using Rlcm.Runtime;
using TorchSharp;
using Xunit;

namespace Rlcm.Tests.Runtime;

public sealed class RunIdentityTests
{
    private static readonly RunIdentity Identity = new(
        new Dictionary<string, string> { ["learningRate"] = "0.0001", ["updates"] = "80" },
        new Dictionary<string, string> { ["prompts"] = new('a', 64) },
        new Dictionary<string, string> { ["threads"] = "2" });

    [Fact]
    public void The_same_has_no_differences_and_may_go_on()
    {
        Assert.Empty(Identity.Differences(Identity with { Settings = new Dictionary<string, string>(Identity.Settings) }, []));
        Assert.Null(new ResumeRequest().Decide("runs/x", []));
    }

    [Fact]
    public void Every_difference_is_told_but_those_that_are_free()
    {
        var now = new RunIdentity(
            new Dictionary<string, string> { ["learningRate"] = "0.0002", ["updates"] = "160", ["seed"] = "1" },
            new Dictionary<string, string> { ["prompts"] = new('b', 64) },
            new Dictionary<string, string>());
        string[] expected = ["learningRate was 0.0001, is 0.0002", "seed was nothing, is 1", "prompts was SHA-256 aaaaaaaaaaaa, is SHA-256 bbbbbbbbbbbb", "threads was 2, is nothing"];
        Assert.Equal(expected, Identity.Differences(now, ["updates"]));
        Assert.Equal(
            $"The run in runs/x would not go on as it was begun: {string.Join("; ", expected)}. Undo this, or add --force, which gives up that the result is that of one undisturbed run.",
            Assert.Throws<UserErrorException>(() => new ResumeRequest().Decide("runs/x", expected)).Message);
        Assert.Equal($"Continued by --force: the result will not be that of one undisturbed run, since {string.Join("; ", expected)}.", new ResumeRequest(Force: true).Decide("runs/x", expected));
    }

    [Fact]
    public void Threads_count_on_the_cpu_only()
    {
        Assert.Equal("3", RunIdentity.CurrentEnvironment("cpu", 3)["threads"]);
        Assert.Equal($"{torch.get_num_threads()}", RunIdentity.CurrentEnvironment("cpu", 0)["threads"]);
        Assert.DoesNotContain("threads", RunIdentity.CurrentEnvironment("cuda", 3).Keys);
        Assert.StartsWith("1.30", RunIdentity.CurrentEnvironment("cuda", 0)["onnxRuntime"], StringComparison.Ordinal);
        Assert.StartsWith("2.10", RunIdentity.CurrentEnvironment("cuda", 0)["libtorch"], StringComparison.Ordinal);
    }
}
