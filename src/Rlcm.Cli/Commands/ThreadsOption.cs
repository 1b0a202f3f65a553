using System.CommandLine;
using Rlcm.Runtime;
using TorchSharp;

namespace Rlcm.Cli.Commands;

/// <summary><c>--threads</c>: how many cores the networks use.</summary>
internal sealed class ThreadsOption : Option<int?>
{
    private const int Most = 1024; // as the configuration's key; libtorch starts as many as it is told to

    public ThreadsOption()
        : base("--threads")
    {
        Description = "Threads of the networks [default: one for each core]";
        HelpName = "N";
    }

    /// <summary>Sets the number of threads, where one was given.</summary>
    /// <exception cref="UserErrorException">It is less than 1 or more than any machine has use for.</exception>
    public void Apply(ParseResult arguments)
    {
        if (arguments.Checked(this, threads => threads is >= 1 and <= Most, $"a whole number of at least 1 and at most {Most}") is { } number)
            torch.set_num_threads(number);
    }
}
