using Rlcm.Checkpoints;
using Rlcm.Models;
using Rlcm.Models.Hub;
using Rlcm.Runtime;

namespace Rlcm.Inspection;

/// <summary>Says what a file or folder is: a run, a model, an adapter, or weights.</summary>
public static class PathInspector
{
    /// <summary>Looks at <paramref name="path"/>; of weights only what there are is read, not their values.</summary>
    /// <param name="path">A file or folder, or the name of a model on the Hub that is in the cache.</param>
    /// <exception cref="UserErrorException">Nothing is there, it is nothing of these, or it is damaged.</exception>
    public static PathInspection Inspect(string path)
    {
        if (HubCache.IsRepository(path) || !Path.Exists(path) && HubName.TryParse(path) is not null)
            path = ModelLocation.Find(path);
        if (!Path.Exists(path))
            throw new UserErrorException($"There is nothing at {(path.Length > 0 ? Path.GetFullPath(path) : "a path without a name")}; expected a run, a model, an adapter or weights: check the path.");
        if (AdapterInspector.Recognizes(path))
            return AdapterInspector.Inspect(path);
        if (File.Exists(path))
        {
            return WeightFiles.FormOf(path) is { } form
                ? WeightsInspector.Inspect(new(path, null, form), Path.GetFileName(path))
                : throw new UserErrorException($"{path}: expected weights (.safetensors, .bin, .ckpt, .pth, .pt or an index of shards), found {(Path.GetExtension(path) is { Length: > 0 } ending ? ending : "a name without ending")}.");
        }

        if (RunInspector.Recognizes(path))
            return RunInspector.Inspect(path);
        if (File.Exists(Path.Combine(path, ModelFolder.IndexFile)) || Directory.Exists(Path.Combine(path, "unet")))
            return ModelInspector.Inspect(path);
        return File.Exists(Path.Combine(path, "config.json"))
            ? WeightsInspector.Inspect(PartOf(path).FindWeights(), Path.GetFileName(Path.GetFullPath(path)))
            : throw new UserErrorException($"{path}: expected a run (config.json and metrics.jsonl), a model ({ModelFolder.IndexFile}), a part of one (config.json) or an adapter (adapter_config.json), found none of them; check the path.");
    }

    /// <summary>A part by itself: diffusers write their class into its configuration, transformers do not.</summary>
    private static ModelPart PartOf(string folder) =>
        new ModelConfigReader(Path.Combine(folder, "config.json")).ClassName.Length > 0 ? ModelPart.OfDiffusers(folder) : ModelPart.OfTransformers(folder);
}
