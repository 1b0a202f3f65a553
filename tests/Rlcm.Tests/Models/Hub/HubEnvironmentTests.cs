using Rlcm.Models.Hub;
using Xunit;

namespace Rlcm.Tests.Models.Hub;

public sealed class HubEnvironmentTests
{
    [Theory]
    [InlineData("", "/home/me/.cache/huggingface/hub")]
    [InlineData("XDG_CACHE_HOME=/cache", "/cache/huggingface/hub")]
    [InlineData("XDG_CACHE_HOME=/cache;HF_HOME=/hf", "/hf/hub")]
    [InlineData("XDG_CACHE_HOME=/cache;HF_HOME=/hf;HF_HUB_CACHE=/models", "/models")]
    [InlineData("HF_HOME=~/hf", "/home/me/hf/hub")]
    [InlineData("HF_HUB_CACHE=", "/home/me/.cache/huggingface/hub")]
    public void The_cache_is_where_other_programs_have_it(string variables, string expected) =>
        Assert.Equal(Path.GetFullPath(expected), Read(variables).Cache);

    [Fact]
    public void Without_variables_it_is_the_public_Hub_without_a_token()
    {
        var environment = Read("");
        Assert.Equal(("https://huggingface.co", null), (environment.Endpoint, environment.Token));
    }

    [Fact]
    public void A_token_is_never_printed()
    {
        var environment = Read("HF_TOKEN=hf_secret;HF_ENDPOINT=https://hub.example/");
        Assert.Equal(("https://hub.example", "hf_secret"), (environment.Endpoint, environment.Token));
        Assert.DoesNotContain("hf_secret", environment.ToString(), StringComparison.Ordinal);
    }

    private static HubEnvironment Read(string variables)
    {
        var values = variables.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(entry => entry.Split('=')).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
        return HubEnvironment.Read(values.GetValueOrDefault, "/home/me");
    }
}
