using Rlcm.Models;
using Rlcm.Models.Lora;
using Rlcm.Runtime;

namespace Rlcm.Cli.Commands;

/// <summary>The base model of an adapter that is exported.</summary>
/// <param name="Name">What the user, the run or the adapter calls it.</param>
/// <param name="LcmLora">The same of the LCM-LoRA that is fused into it; null where there is none.</param>
/// <param name="Folder">Where it lies.</param>
/// <param name="Model">The model.</param>
internal sealed record ExportBase(string Name, string? LcmLora, string Folder, TextToImageModel Model) : IDisposable
{
    /// <summary>Loads it.</summary>
    /// <param name="source">The adapter.</param>
    /// <param name="model">The model that the user names; null: the one that is known.</param>
    /// <param name="lcmLora">The same of the LCM-LoRA; one that is known belongs to the model that is known.</param>
    /// <param name="findModel">Where a model lies.</param>
    /// <exception cref="UserErrorException">It is not known, or cannot be found or loaded.</exception>
    public static ExportBase Load(ExportSource source, string? model, string? lcmLora, Func<string, string> findModel)
    {
        var name = model ?? source.Provenance.BaseModel
            ?? throw new UserErrorException($"{source.Adapter} does not say what it was made for, which is needed to merge it: give the folder of its base model as --model.");
        var fused = lcmLora ?? (name == source.Provenance.BaseModel ? source.Provenance.LcmLora : null);
        var folder = findModel(name);
        return new(name, fused, folder, TextToImageModel.Load(folder, fused is null ? null : FindLcmLora(fused)));
    }

    /// <summary>Attaches the adapter, and says on standard error where it was made for another model.</summary>
    /// <exception cref="UserErrorException">It is damaged or does not fit.</exception>
    public LoraAdapters Attach(ExportSource source, Terminal terminal)
    {
        var adapters = AdapterFile.Load(Model.Unet, source.Adapter);
        if (source.Provenance.Mismatch(source.Adapter, Name, Model) is { } finding)
            terminal.Error.WriteLine(finding);
        return adapters;
    }

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();

    private static string FindLcmLora(string path) => ShippedFiles.Find(path)
        ?? throw new UserErrorException($"Cannot find the LCM-LoRA {path}, neither from {Directory.GetCurrentDirectory()} nor from {AppContext.BaseDirectory} upwards; give its file as --lcm-lora.");
}
