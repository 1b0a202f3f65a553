using System.CommandLine;
using Rlcm.Models;
using Rlcm.Models.Hub;
using Rlcm.Runtime;

namespace Rlcm.Cli.Commands;

/// <summary>The model that a command works with: which, made a consistency model by what, on which device.</summary>
internal sealed class ModelOptions
{
    /// <summary>What a model is named by, for help texts.</summary>
    public const string Value = "DIR|ORG/NAME";

    /// <summary>Where a model may be, for help texts.</summary>
    public const string Places = "a folder in diffusers layout or of the Hugging Face cache, or a name on the Hub";

    /// <summary>What <c>--lcm-lora</c> does.</summary>
    public const string LcmLoraDescription = "LCM-LoRA that makes a Stable Diffusion 1.x model a consistency model; the guidance scale is 1 then";

    private readonly Option<string> _model;
    private readonly DownloadOption _download = new();
    private readonly Option<string?> _lcmLora = new("--lcm-lora") { Description = LcmLoraDescription, HelpName = "FILE" };
    private readonly DeviceOptions _device = new();

    /// <param name="kind">Which models the command takes, for its help.</param>
    public ModelOptions(string kind) =>
        _model = new("--model") { Description = $"{kind}: {Places}", HelpName = Value, DefaultValueFactory = _ => "models/emoji-lcm" };

    /// <summary>Adds all of them to <paramref name="command"/>.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_model, _download, _lcmLora])
            command.Add(option);
        _device.AddTo(command);
    }

    /// <summary>What the user calls the model.</summary>
    public string Name(ParseResult arguments) => arguments.GetRequiredValue(_model);

    /// <summary>The model's folder, fetched before where that was asked for.</summary>
    /// <exception cref="UserErrorException">There is no such model.</exception>
    public string Find(ParseResult arguments, Terminal terminal, CancellationToken stop)
    {
        _download.Apply(arguments, Name(arguments), terminal, stop);
        return ModelLocation.Find(Name(arguments));
    }

    /// <summary>Loads the model of <paramref name="folder"/> as the options say.</summary>
    /// <exception cref="UserErrorException">It is missing, damaged or not supported, or the device is not there.</exception>
    public TextToImageModel Load(ParseResult arguments, string folder)
    {
        var target = _device.Find(arguments);
        var model = TextToImageModel.Load(folder, arguments.GetValue(_lcmLora) is { } file ? ShippedFiles.Require(file, "the LCM-LoRA") : null);
        model.MoveTo(target);
        return model;
    }

    /// <summary>As above, of the folder that is found.</summary>
    public TextToImageModel Load(ParseResult arguments, Terminal terminal, CancellationToken stop)
    {
        _device.Find(arguments); // before gigabytes are fetched for a GPU that is not there
        return Load(arguments, Find(arguments, terminal, stop));
    }
}
