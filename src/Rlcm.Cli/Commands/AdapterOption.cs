using System.CommandLine;
using Rlcm.Models;
using Rlcm.Models.Lora;

namespace Rlcm.Cli.Commands;

/// <summary><c>--adapter</c>: what the model draws with.</summary>
internal sealed class AdapterOption : Option<string?>
{
    /// <summary>What an adapter is named by, for help texts.</summary>
    public const string Value = "PATH";

    /// <summary>What an adapter may be, for help texts.</summary>
    public const string Places = "RUN/adapter, or a safetensors file of diffusers or kohya";

    /// <param name="purpose">What is done with it, for the help.</param>
    public AdapterOption(string purpose)
        : base("--adapter")
    {
        Description = $"{purpose}: {Places}";
        HelpName = Value;
    }

    /// <summary>Attaches the adapter, where one was given, and says on standard error where it was made for another model.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="model">The model.</param>
    /// <param name="name">What the user calls it.</param>
    /// <param name="terminal">Where to say it.</param>
    /// <exception cref="Runtime.UserErrorException">The adapter is missing, damaged or does not fit.</exception>
    public LoraAdapters? Load(ParseResult arguments, TextToImageModel model, string name, Terminal terminal) =>
        arguments.GetValue(this) is { } path ? Load(path, model, name, terminal) : null;

    /// <summary>As above, of the adapter at <paramref name="path"/>.</summary>
    /// <exception cref="Runtime.UserErrorException">It is missing, damaged or does not fit.</exception>
    public static LoraAdapters Load(string path, TextToImageModel model, string name, Terminal terminal)
    {
        var adapters = AdapterFile.Load(model.Unet, path);
        if (AdapterProvenance.Read(path).Mismatch(path, name, model) is { } finding)
            terminal.Error.WriteLine(finding);
        return adapters;
    }
}
