using Rlcm.Prompts;
using Rlcm.Runtime;
using Xunit;

namespace Rlcm.Tests.Prompts;

public sealed class PromptFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Commas_stay_and_blank_lines_go()
    {
        File.WriteAllText(_folder["prompts.txt"], "\uFEFFtench, Tinca tinca\r\n\r\n  a café cat \n\n");
        Assert.Equal(["tench, Tinca tinca", "a café cat"], PromptFile.Read(_folder["prompts.txt"]));
    }

    [Fact]
    public void A_wrong_encoding_is_reported_with_line_and_byte()
    {
        File.WriteAllBytes(_folder["latin1.txt"], [.. "a cat\na caf"u8, 0xe9, .. "\n"u8]);
        var message = Assert.Throws<FileContentException>(() => PromptFile.Read(_folder["latin1.txt"])).Message;
        Assert.Contains("line 2", message, StringComparison.Ordinal);
        Assert.Contains("0xe9 (offset 11)", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Utf16_is_refused()
    {
        File.WriteAllText(_folder["utf16.txt"], "a cat", System.Text.Encoding.Unicode);
        Assert.Contains("line 1 holds the byte 0xff (offset 0)", Assert.Throws<FileContentException>(() => PromptFile.Read(_folder["utf16.txt"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_list_is_refused()
    {
        File.WriteAllText(_folder["empty.txt"], "\n \n");
        Assert.Contains("holds no prompt", Assert.Throws<FileContentException>(() => PromptFile.Read(_folder["empty.txt"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_cannot_be_read_is_named()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/proc is Linux's");
        Assert.StartsWith("The file /proc/self/mem cannot be read (", Assert.Throws<UserErrorException>(() => PromptFile.Read("/proc/self/mem")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_is_named() =>
        Assert.Contains("gone.txt", Assert.Throws<UserErrorException>(() => PromptFile.Read(_folder["gone.txt"])).Message, StringComparison.Ordinal);
}
