using System.CommandLine;

namespace Rlcm.Cli.Commands;

/// <summary><c>--model</c> with <c>--download</c>: the model that a command works with.</summary>
internal sealed class ModelOption : Option<string>
{
    /// <summary>What a model is named by, for help texts.</summary>
    public const string Value = "DIR|ORG/NAME";

    /// <summary>Where a model may be, for help texts.</summary>
    public const string Places = "a folder in diffusers layout or of the Hugging Face cache, or a name on the Hub";

    /// <param name="kind">Which models the command takes, for its help.</param>
    public ModelOption(string kind)
        : base("--model")
    {
        Description = $"{kind}: {Places}";
        HelpName = Value;
        DefaultValueFactory = _ => "models/emoji-lcm";
    }

    /// <summary><c>--download</c>.</summary>
    public DownloadOption Download { get; } = new();

    /// <summary>The model's folder, fetched before where that was asked for.</summary>
    /// <exception cref="Runtime.UserErrorException">There is no such model.</exception>
    public string Find(ParseResult arguments, Terminal terminal, CancellationToken stop) =>
        Download.Find(arguments, arguments.GetRequiredValue(this), terminal, stop);
}
