using Rlcm.Checkpoints;
using Rlcm.Models;
using Rlcm.Synthetic;

namespace Rlcm.Tests.Golden;

/// <summary>Golden pipelines written anew in other forms of published checkpoints.</summary>
internal static class GoldenForms
{
    /// <summary>Writes the model of <paramref name="pipeline"/> to <paramref name="target"/> and returns that.</summary>
    public static string Write(string pipeline, string target, SyntheticForm form)
    {
        var source = GoldenData.InPipeline(pipeline, "pipeline");
        foreach (var file in Directory.GetFiles(source, "*", SearchOption.AllDirectories).Where(file => !file.EndsWith(".safetensors", StringComparison.Ordinal)))
        {
            var copy = Path.Combine(target, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        var (from, to) = (ModelFolder.At(source), ModelFolder.At(target));
        foreach (var (original, part) in ((ModelPart, ModelPart)[])[(from.Unet, to.Unet), (from.Vae, to.Vae), (from.TextEncoder, to.TextEncoder)])
        {
            using var scope = TorchSharp.torch.NewDisposeScope();
            using var weights = SafetensorsFile.Open(original.WeightsPath);
            SyntheticFiles.Write(part, [.. weights.Keys.Select(key => (key, weights.Read(key)))], form);
        }

        return target;
    }
}
