using System.CommandLine;
using Rlcm.Runtime;

namespace Rlcm.Cli.Commands;

/// <summary>The options that go with <c>--resume</c> in every command that trains.</summary>
internal sealed class ResumeOptions
{
    private readonly Option<long?> _checkpoint = new("--checkpoint") { Description = "With --resume: continue from this checkpoint instead; those after it are deleted", HelpName = "N" };
    private readonly Option<bool> _force = new("--force") { Description = "With --resume: continue although something has changed, and the result is not that of one undisturbed run" };

    /// <summary>All of them.</summary>
    public IReadOnlyList<Option> All => [_checkpoint, _force];

    /// <summary>How to continue; null where <paramref name="isContinued"/> says that nothing is.</summary>
    /// <exception cref="UserErrorException">One is given without <c>--resume</c>.</exception>
    public ResumeRequest? Read(ParseResult arguments, bool isContinued)
    {
        if (isContinued)
            return new(arguments.GetValue(_checkpoint), arguments.GetValue(_force));
        return All.FirstOrDefault(option => arguments.GetResult(option) is { Implicit: false }) is { } lone
            ? throw new UserErrorException($"{lone.Name} belongs to a run that is continued, found it without --resume; add --resume, or leave it out.")
            : null;
    }
}
