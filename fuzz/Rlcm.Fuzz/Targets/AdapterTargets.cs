using Rlcm.Checkpoints;
using Rlcm.Models.Lora;
using static TorchSharp.torch;

namespace Rlcm.Fuzz.Targets;

/// <summary>Adapters.</summary>
internal static class AdapterTargets
{
    private const string Module = "base_model.model.to_q";

    /// <summary>The single file of diffusers or kohya.</summary>
    public static FuzzTarget File { get; } = new("adapter", "adapter.safetensors", static path => Read(path, path));

    /// <summary>The configuration of peft, beside weights that are right.</summary>
    public static FuzzTarget Configuration { get; } = new("adapter-config", "adapter_config.json", static path => Read(Path.GetDirectoryName(path)!, path)) { Prepare = Prepare };

    private static void Read(string adapter, string path)
    {
        using var scope = NewDisposeScope();
        var weights = AdapterFile.Read(adapter);
        if (!double.IsFinite(weights.Scale))
            throw new InvalidOperationException($"The scale of {path} is {weights.Scale}.");
        AdapterProvenance.Read(adapter);
    }

    private static void Prepare(string folder)
    {
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(Path.Combine(folder, "adapter_model.safetensors"), [($"{Module}.lora_A.weight", ones(2, 4)), ($"{Module}.lora_B.weight", ones(4, 2))]);
    }
}
