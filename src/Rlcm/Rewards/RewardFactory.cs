using Rlcm.Evaluation;
using Rlcm.Models.Clip;
using Rlcm.Rewards.Alignment;
using Rlcm.Rewards.Remote;
using Rlcm.Runtime;
using Rlcm.Training;

namespace Rlcm.Rewards;

/// <summary>The reward that a configuration names, and the files it is made of.</summary>
public static class RewardFactory
{
    /// <summary>The environment variable with the key of a reward server.</summary>
    public const string KeyVariable = "RLCM_REWARD_KEY";

    /// <summary>The CLIP model that comes with the project.</summary>
    public const string EmbeddedClip = "models/emoji-clip";

    private static string EmbeddedGallery => ShippedFiles.Require(Path.Combine("models", "emoji-lcm", Gallery.FolderName), "the gallery");

    private static readonly SortedDictionary<string, (string Unit, Func<TrainConfig, IProgress<RewardRetry>?, IReward> Create)> Known = new(StringComparer.Ordinal)
    {
        ["aesthetic"] = ("points", (config, _) => AestheticReward.Load(AestheticModel(config), AestheticHead(config), config.AestheticRounds)),
        ["alignment"] = ("cosine", (config, _) => ClipReward.Alignment(ShippedFiles.Require(EmbeddedClip, "the CLIP model"))),
        ["clip-score"] = ("cosine", (config, _) => ClipReward.ClipScore(ClipModel(config))),
        ["compression"] = ("kB", (_, _) => JpegReward.Compression),
        ["http"] = ("points", (config, retried) => new HttpReward(Server(config), TimeProvider.System, retried)),
        ["incompression"] = ("kB", (_, _) => JpegReward.Incompression),
        ["pick-score"] = ("logits", (config, _) => ClipReward.PickScore(ClipModel(config))),
        ["recognized"] = ("share", (_, _) => new RecognizedReward(new(Gallery.Read(EmbeddedGallery)))),
        ["style"] = ("probability", (config, _) => StyleReward.Load(StyleModel(config), config.Style!)),
        ["vlm-bertscore"] = ("recall", (config, retried) => new VlmReward(Server(config), config.VlmModel, BertScorer.Load(BertModel(config), config.BertLayer), TimeProvider.System, retried)),
    };

    /// <summary>All task names, in alphabetical order.</summary>
    public static IReadOnlyCollection<string> Tasks => Known.Keys;

    /// <summary>The unit of the reward <paramref name="task"/>, one of <see cref="Tasks"/>, for which none of its files is needed.</summary>
    /// <exception cref="KeyNotFoundException">There is no such task.</exception>
    public static string UnitOf(string task) => Known[task].Unit;

    /// <summary>What a run of <paramref name="config"/> raises: the reward of its task, or the sum of its parts; to be disposed.</summary>
    /// <param name="config">Names it.</param>
    /// <param name="retried">Told where a request to a server has to be repeated, once for each batch of pictures at most; null: nobody.</param>
    /// <exception cref="UserErrorException">There is no such task, or a file that it needs is missing, damaged or not supported.</exception>
    public static TrainingReward CreateForTraining(TrainConfig config, IProgress<RewardRetry>? retried = null)
    {
        if (config.Task != TrainingReward.SumName)
            return TrainingReward.Of(Create(config, retried));
        var parts = new List<RewardPart>();
        try
        {
            foreach (var part in config.Rewards ?? [])
                parts.Add(new(Create(config with { Task = part.Task }, retried), part.Weight) { Min = part.Min, Max = part.Max });
            return TrainingReward.Sum(parts);
        }
        catch
        {
            parts.ForEach(part => (part.Reward as IDisposable)?.Dispose());
            throw;
        }
    }

    /// <summary>The reward of the configuration's task, which is no sum; to be disposed where it can be.</summary>
    /// <param name="config">Names it.</param>
    /// <param name="retried">Told where a request to a server has to be repeated, once for each batch of pictures at most; null: nobody.</param>
    /// <exception cref="UserErrorException">There is no such task, or a file that it needs is missing, damaged or not supported.</exception>
    public static IReward Create(TrainConfig config, IProgress<RewardRetry>? retried = null) => Known.TryGetValue(config.Task, out var known) ? known.Create(config, retried)
        : config.Task == Tuning.Task ? throw new UserErrorException("The reward of this run is a program's own (task custom): run that program again to continue it.")
        : throw new UserErrorException($"Unknown task '{config.Task}': expected one of {string.Join(", ", Tasks)}.");

    /// <summary>The files that the reward is made of, by names such as <c>clipModel/config.json</c>.</summary>
    /// <exception cref="UserErrorException">A file or folder that the configuration names is not there.</exception>
    public static IEnumerable<(string Name, string Path)> Inputs(TrainConfig config) => config.RewardTasks.SelectMany(task => InputsOf(task, config)).Distinct();

    private static IEnumerable<(string Name, string Path)> InputsOf(string task, TrainConfig config) => task switch
    {
        "aesthetic" => [.. FilesOf("aestheticModel", AestheticModel(config), ClipFolder.Files), ("aestheticHead", AestheticHead(config))],
        "alignment" => FilesOf("embeddedClip", ShippedFiles.Require(EmbeddedClip, "the CLIP model"), ClipFolder.Files),
        "clip-score" or "pick-score" => FilesOf("clipModel", ClipModel(config), ClipFolder.Files),
        "recognized" => Gallery.FileNames.Select(name => ($"gallery/{name}", Path.Combine(EmbeddedGallery, name))),
        "style" => FilesOf("styleModel", StyleModel(config), folder => [.. ClipFolder.Files(folder), .. StyleHead.Files(folder)]),
        "vlm-bertscore" => FilesOf("bertModel", BertModel(config), BertScorer.Files),
        _ => [],
    };

    private static string AestheticModel(TrainConfig config) => ShippedFiles.Require(config.AestheticModel!, "aestheticModel");

    private static string AestheticHead(TrainConfig config) => ShippedFiles.Require(config.AestheticHead!, "aestheticHead");

    private static string ClipModel(TrainConfig config) => ShippedFiles.Require(config.ClipModel!, "clipModel");

    private static string StyleModel(TrainConfig config) => ShippedFiles.Require(config.StyleModel ?? EmbeddedClip, "styleModel");

    private static string BertModel(TrainConfig config) => ShippedFiles.Require(config.BertModel!, "bertModel");

    private static RemoteSettings Server(TrainConfig config) => new(new Uri(config.RewardUrl!))
    {
        BatchSize = config.RewardBatch,
        Concurrency = config.RewardConcurrency,
        Timeout = TimeSpan.FromSeconds(config.RewardTimeout),
        KeyVariable = KeyVariable,
    };

    private static IEnumerable<(string Name, string Path)> FilesOf(string key, string folder, Func<string, IEnumerable<string>> files) =>
        files(folder).Select(path => ($"{key}/{Path.GetRelativePath(folder, path).Replace('\\', '/')}", path));
}
