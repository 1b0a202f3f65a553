using Xunit;

namespace Rlcm.Cli.Tests;

/// <summary>The help texts are pinned in <c>Help/</c>: a change of the command line shows in review.</summary>
public sealed class HelpTests
{
    public static TheoryData<string> Commands => ["", "train", "sample", "evaluate", "compare", "inspect", "export", "bench", "reproduce", "dataset", "dataset emoji", "dataset check", "dataset gallery", "dataset select", "pretrain", "pretrain vae", "pretrain teacher", "pretrain clip", "distill"];

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Help_is_as_approved(string command)
    {
        var (code, output, error) = await CommandLine.RunAsync([.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]);
        Assert.Equal((0, string.Empty), (code, error));
        var text = string.Join('\n', output.Split('\n').Select(line => line.TrimEnd())).TrimEnd() + "\n";
        var approved = Path.Combine(AppContext.BaseDirectory, "Help", (command.Length == 0 ? "rlcm" : command.Replace(' ', '-')) + ".txt");
        Assert.True(File.Exists(approved), $"{approved} does not exist; the help is now:\n{text}");
        Assert.Equal(await File.ReadAllTextAsync(approved), text);
    }

    [Fact]
    public async Task Without_a_command_the_help_is_shown()
    {
        var (code, output, _) = await CommandLine.RunAsync();
        Assert.Equal(0, code);
        Assert.Equal((await CommandLine.RunAsync("--help")).Output, output);
    }

    [Fact]
    public async Task Every_command_is_listed_with_a_description()
    {
        var (_, output, _) = await CommandLine.RunAsync("--help");
        foreach (var command in Commands.Select(row => row.Data).Where(name => name.Length > 0 && !name.Contains(' ', StringComparison.Ordinal)))
            Assert.Matches($@"\n  {command} +(<\S+> +)?\w", output);
    }
}
