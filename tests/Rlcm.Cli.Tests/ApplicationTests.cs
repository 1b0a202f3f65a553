using System.CommandLine;
using Rlcm.Runtime;
using Xunit;

namespace Rlcm.Cli.Tests;

public sealed class ApplicationTests
{
    [Fact]
    public async Task Success_is_zero_and_silent_on_standard_error() =>
        Assert.Equal((0, string.Empty), await CodeAndErrorOf(() => { }));

    [Fact]
    public async Task A_users_mistake_is_its_message_alone_and_exit_code_2() =>
        Assert.Equal((2, "Cannot find it; check the path.\n"), await CodeAndErrorOf(() => throw new UserErrorException("Cannot find it; check the path.")));

    [Fact]
    public async Task A_users_mistake_is_found_inside_the_runtimes_wrappers()
    {
        var wrapped = new AggregateException(new TypeInitializationException("torch", new UserErrorException("Mend this.")));
        Assert.Equal((2, "Mend this.\n"), await CodeAndErrorOf(() => throw wrapped));
    }

    [Fact]
    public async Task Any_other_failure_is_one_line_and_exit_code_1()
    {
        var (code, error) = await CodeAndErrorOf(() => throw new InvalidOperationException("First.\nStack."));
        Assert.Equal((1, "Unexpected InvalidOperationException: First. This is a bug in rlcm, please report it; RLCM_TRACE=1 shows details.\n"), (code, error));
    }

    [Fact]
    public void The_stack_trace_is_shown_when_asked_for() =>
        Assert.Contains("   at ", Failure.Describe(Thrown(), withTrace: true).Message, StringComparison.Ordinal);

    [Fact]
    public async Task A_stopped_command_says_so() =>
        Assert.Equal((130, "Stopped.\n"), await CodeAndErrorOf(() => throw new OperationCanceledException()));

    [Theory]
    [InlineData("--sed", "1", "Did you mean --seed?\nUnrecognized command or argument '1'.\n'rlcm train --help' tells what is possible.")]
    [InlineData("--outptu=runs/mine", "", "Did you mean --output?\n'rlcm train --help' tells what is possible.")]
    [InlineData("--seed", "", "'rlcm train --help' tells what is possible.")]
    public async Task A_command_line_that_cannot_be_parsed_is_the_users_mistake(string option, string value, string hint)
    {
        var (code, _, error) = await CommandLine.RunAsync(["train", option, .. value.Length > 0 ? (string[])[value] : []]);
        Assert.Equal(2, code);
        Assert.Contains(option, error, StringComparison.Ordinal);
        Assert.EndsWith(hint + "\n", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--count", "four", "a whole number")]
    [InlineData("--steps", "2.5", "a whole number")]
    [InlineData("--guidance", "high", "a number")]
    [InlineData("--seed", "-1", "a whole number of at least 0")]
    public async Task What_is_no_number_is_told_without_types_of_the_language(string option, string value, string expected)
    {
        var (code, _, error) = await CommandLine.RunAsync("sample", "--prompt", "a fox", "--output", "fox.png", option, value);
        Assert.Equal((2, $"{option}: expected {expected}, found {value}.\n'rlcm sample --help' tells what is possible.\n"), (code, error));
    }

    [Fact]
    public async Task An_unknown_command_is_the_users_mistake()
    {
        var (code, output, error) = await CommandLine.RunAsync("trian");
        Assert.Equal((2, string.Empty), (code, output));
        Assert.Equal("Unrecognized command or argument 'trian'. Did you mean train?\n'rlcm --help' tells what is possible.\n", error);
    }

    private static async Task<(int Code, string Error)> CodeAndErrorOf(Action action)
    {
        var root = new Command("test");
        root.SetAction(_ => action());
        var (code, _, error) = await CommandLine.RunAsync(root);
        return (code, error);
    }

    private static InvalidOperationException Thrown()
    {
        try
        {
            throw new InvalidOperationException("Broken.");
        }
        catch (InvalidOperationException exception)
        {
            return exception;
        }
    }

    [Theory]
    [InlineData("CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total capacity\nException raised from", "Memory does not suffice (CUDA out of memory); ")]
    [InlineData("[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes. Error code 12 (Cannot allocate memory)", "Memory does not suffice (DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes); ")]
    public void Too_little_memory_is_the_users_to_mend(string message, string expected)
    {
        var (text, code) = Failure.Describe(new InvalidOperationException(message), withTrace: false);
        Assert.StartsWith(expected, text, StringComparison.Ordinal);
        Assert.Equal(ExitCode.UserError, code);
    }
}
