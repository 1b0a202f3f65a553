using System.Globalization;
using System.Text.RegularExpressions;
using Rlcm.Checkpoints;

namespace Rlcm.Models.Hub;

/// <summary>The files of a repository or folder that make a text-to-image model, chosen by their names alone.</summary>
/// <param name="Chosen">Their names, with forward slashes.</param>
/// <param name="Missing">What a model needs besides and is not there; of weights, the usual name of the file.</param>
internal sealed record ModelFiles(IReadOnlyList<string> Chosen, IReadOnlyList<string> Missing)
{
    private static readonly string[] Optional = [ModelFolder.IndexFile, GenerationConfig.FileName];
    private static readonly string[] Required = ["scheduler/scheduler_config.json", "tokenizer/vocab.json", "tokenizer/merges.txt"];
    private static readonly string[] SmallFolders = ["scheduler", "tokenizer"];
    private static readonly ModelPart[] Networks = [ModelPart.OfDiffusers("unet"), ModelPart.OfDiffusers("vae"), ModelPart.OfTransformers("text_encoder")];

    /// <summary>
    /// Chooses among <paramref name="names"/>: configurations, tokenizer, schedule, and of each network one form of weights, in the order of
    /// <see cref="WeightFiles.Find"/>. Other files, such as those of a safety checker, are left.
    /// </summary>
    public static ModelFiles Choose(IEnumerable<string> names)
    {
        string[] present = [.. names.Where(Concerns).Order(StringComparer.Ordinal)];
        List<string> chosen = [.. present.Where(name => Optional.Contains(name) || SmallFolders.Contains(FolderOf(name)))];
        List<string> missing = [.. Required.Except(present)];
        foreach (var part in Networks)
        {
            var config = $"{part.Folder}/config.json";
            (present.Contains(config) ? chosen : missing).Add(config);
            if (Weights(part, [.. present.Where(name => FolderOf(name) == part.Folder).Select(name => name[(part.Folder.Length + 1)..])]) is { } weights)
                chosen.AddRange(weights.Select(name => $"{part.Folder}/{name}"));
            else
                missing.Add($"{part.Folder}/{part.Stem}.safetensors");
        }

        return new(chosen, missing);
    }

    /// <summary>Whether <paramref name="name"/> is a file of a part of a model, or one that describes the whole.</summary>
    public static bool Concerns(string name) =>
        Optional.Contains(name) || SmallFolders.Contains(FolderOf(name)) || Networks.Any(part => part.Folder == FolderOf(name));

    /// <summary>The one folder that the file lies in; empty where it lies in none or deeper.</summary>
    private static string FolderOf(string name) => name.Split('/') is [var folder, _] ? folder : "";

    /// <summary>The best form of weights of which every file is there.</summary>
    private static string[]? Weights(ModelPart part, string[] names) => WeightFiles.Order("", names, part.Stem, part.PickleStem)
        .Select(weights => weights.Form switch
        {
            WeightForm.SafetensorsShards => WithShards(weights, names, part.Stem, "safetensors"),
            WeightForm.PickleShards => WithShards(weights, names, part.PickleStem, "bin"),
            _ => [weights.Path],
        })
        .FirstOrDefault(files => files is not null);

    /// <summary>The index and its shards: <c>STEM.fp16-00001-of-00002.ENDING</c>, or as older versions wrote it <c>STEM-00001-of-00002.fp16.ENDING</c>.</summary>
    private static string[]? WithShards(WeightFiles index, string[] names, string stem, string ending)
    {
        var variant = index.Variant is null ? "" : $@"\.{Regex.Escape(index.Variant)}";
        var pattern = $@"^{Regex.Escape(stem)}({variant}-[0-9]+-of-(?<count>[0-9]+)|-[0-9]+-of-(?<count>[0-9]+){variant})\.{ending}\z";
        Match[] shards = [.. names.Select(name => Regex.Match(name, pattern, RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1))).Where(match => match.Success)];
        return shards.Length > 0 && shards.All(shard => shard.Groups["count"].Value.TrimStart('0') == shards.Length.ToString(CultureInfo.InvariantCulture))
            ? [index.Path, .. shards.Select(shard => shard.Value)]
            : null;
    }
}
