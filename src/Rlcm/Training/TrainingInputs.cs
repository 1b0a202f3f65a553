using Rlcm.Evaluation;
using Rlcm.Models;
using Rlcm.Models.Hub;
using Rlcm.Rewards;
using Rlcm.Runtime;

namespace Rlcm.Training;

/// <summary>The files that a training run reads, wherever they lie, by what they are to it.</summary>
public static class TrainingInputs
{
    /// <summary>Names such as <c>prompts</c> and <c>model/unet/config.json</c>, with the file's path.</summary>
    /// <exception cref="UserErrorException">A file that the configuration names is not there.</exception>
    public static IReadOnlyDictionary<string, string> Of(TrainConfig config)
    {
        var model = ModelFolder.Open(ModelLocation.Find(config.Model));
        string[] ownGallery = config.Gallery is null ? [.. Gallery.FileNames.Select(name => Path.Combine(model.Path, Gallery.FolderName, name)).Where(File.Exists)] : [];
        var files = model.Files().Concat(ownGallery).Distinct(StringComparer.Ordinal).ToDictionary(path => $"model/{Path.GetRelativePath(model.Path, path).Replace('\\', '/')}", path => path, StringComparer.Ordinal);
        files["prompts"] = ShippedFiles.Require(config.Prompts, "prompts");
        files["evaluationPrompts"] = ShippedFiles.Require(config.EvaluationPrompts, "evaluationPrompts");
        foreach (var name in config.Gallery is null ? [] : Gallery.FileNames)
            files[$"gallery/{name}"] = ShippedFiles.Require(Path.Combine(config.Gallery!, name), "gallery");
        if (config.LcmLora is { } lcmLora)
            files["lcmLora"] = ShippedFiles.Require(lcmLora, "lcmLora");
        foreach (var (name, path) in RewardFactory.Inputs(config))
            files[name] = path;
        return files;
    }
}
