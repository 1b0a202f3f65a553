using Rlcm.Checkpoints;
using Rlcm.Comparison;
using Rlcm.Datasets;
using Rlcm.Evaluation;
using Rlcm.Imaging;
using Rlcm.Pretraining;
using Rlcm.Prompts;
using Rlcm.Runtime;
using Rlcm.Training;

namespace Rlcm.Fuzz.Targets;

/// <summary>Every reader of files.</summary>
internal static class FuzzTargets
{
    /// <summary>The targets, the fastest first.</summary>
    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new("prompts", "prompts.txt", static path => PromptFile.Read(path)),
        new("safetensors", "model.safetensors", ReadSafetensors),
        new("shard-index", "model.safetensors.index.json", static path => ShardIndex.Read(path)) { Prepare = PrepareShards },
        new("metrics", "metrics.jsonl", static path => MetricsFile.Read(path)),
        new("run-curve", "metrics.jsonl", static path => RunCurve.Read(Path.GetDirectoryName(path)!)) { Prepare = PrepareRun },
        new("study-file", "measures.json", static path => StrictJsonFile.Read<EvaluationReport>(path)),
        new("loss", "loss.jsonl", static path => new LossLog(path).Read()),
        new("run-config", "train.json", static path => TrainConfigReader.Read(path, [], [])),
        ModelTargets.Configurations,
        ModelTargets.Tokenizer,
        EncoderTargets.WordPiece,
        EncoderTargets.BytePairs,
        PickleTargets.File,
        PickleTargets.Instructions,
        AdapterTargets.File,
        AdapterTargets.Configuration,
        new("image-folder", ImageFolder.MetadataFile, static path => ImageFolder.Open(Path.GetDirectoryName(path)!)) { Prepare = PreparePictures },
        new("gallery", "index.json", static path => Gallery.Read(Path.GetDirectoryName(path)!)) { Prepare = PrepareSheet },
        PictureTargets.Png,
        PictureTargets.Any,
    ];

    private static void ReadSafetensors(string path)
    {
        using var file = SafetensorsFile.Open(path);
        var bytes = new FileInfo(path).Length;
        if (file.Entries.FirstOrDefault(entry => entry.Begin < 0 || entry.End < entry.Begin || entry.End > bytes) is { } outside)
            throw new InvalidOperationException($"{outside.Name} is outside of the file.");
    }

    private static void PrepareShards(string folder)
    {
        foreach (var name in (string[])["a-00001-of-00002.safetensors", "a-00002-of-00002.safetensors", "b.bin"])
            File.WriteAllBytes(Path.Combine(folder, name), []);
    }

    private static void PrepareRun(string folder) => TrainConfigReader.Write(new(), Path.Combine(folder, "config.json"));

    private static void PreparePictures(string folder)
    {
        foreach (var name in (string[])["a.png", "b.png"])
            PngFile.Write(Path.Combine(folder, name), Picture(1, 1));
    }

    private static void PrepareSheet(string folder) => PngFile.Write(Path.Combine(folder, "sheet.png"), Picture(64, 2048));

    private static ImageBatch Picture(int height, int width) => new(new byte[height * width * 3], 1, height, width);
}
