using Rlcm.Models.Clip;
using Rlcm.Runtime;

namespace Rlcm.Models;

/// <summary>A text-to-image model in diffusers' layout, <c>unet/</c>, <c>vae/</c>, <c>text_encoder/</c>, <c>tokenizer/</c>, <c>scheduler/</c>. Other folders in it are ignored.</summary>
public sealed class ModelFolder
{
    /// <summary>The file that names the pipeline.</summary>
    public const string IndexFile = "model_index.json";

    /// <summary>The pipelines that are read: of latent consistency models and of Stable Diffusion.</summary>
    internal static readonly string[] Pipelines = ["LatentConsistencyModelPipeline", "StableDiffusionPipeline"];

    private ModelFolder(string path) => Path = path;

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>The noise predictor.</summary>
    public ModelPart Unet => ModelPart.OfDiffusers(In("unet"));

    /// <summary>The autoencoder.</summary>
    public ModelPart Vae => ModelPart.OfDiffusers(In("vae"));

    /// <summary>The text encoder.</summary>
    public ModelPart TextEncoder => ModelPart.OfTransformers(In("text_encoder"));

    /// <summary>The tokenizer's folder.</summary>
    public string Tokenizer => In("tokenizer");

    /// <summary>The noise schedule.</summary>
    public string SchedulerPath => System.IO.Path.Combine(In("scheduler"), "scheduler_config.json");

    /// <summary>Opens a folder; one that does not name its pipeline is judged by its parts.</summary>
    /// <exception cref="UserErrorException">There is no folder, or it is that of another pipeline, which is named.</exception>
    public static ModelFolder Open(string path)
    {
        if (!Directory.Exists(path))
            throw new UserErrorException($"No model at {System.IO.Path.GetFullPath(path)}: expected a folder in diffusers layout (unet/, vae/, text_encoder/, tokenizer/, scheduler/); check --model.");
        var index = System.IO.Path.Combine(path, IndexFile);
        if (File.Exists(index) && new ModelConfigReader(index).ClassName is var name && !Pipelines.Contains(name, StringComparer.Ordinal))
            throw new FileContentException(index, "_class_name", $"{index}: pipeline {name} is not supported; expected {string.Join(" or ", Pipelines)}; choose a model of that kind.");
        return new(path);
    }

    /// <summary>The files of weights that loading the folder reads, indices of shards included.</summary>
    /// <exception cref="UserErrorException">A part has none, or its index is damaged.</exception>
    public IEnumerable<string> WeightFiles() => ((ModelPart[])[Unet, Vae, TextEncoder]).SelectMany(part => part.FindWeights().Files());

    /// <summary>All files that decide what the model draws: weights, architectures, tokenizer, noise schedule. Those that need not be there and are not are left out.</summary>
    /// <exception cref="UserErrorException">As <see cref="WeightFiles"/>.</exception>
    public IEnumerable<string> Files() =>
    [
        .. WeightFiles(),
        .. ((string[])[Unet.ConfigPath, Vae.ConfigPath, TextEncoder.ConfigPath, SchedulerPath]).Where(File.Exists),
        .. ClipTokenizerFiles.Names.Select(name => System.IO.Path.Combine(Tokenizer, name)).Where(File.Exists),
    ];

    /// <summary>One hash for all <see cref="Files"/>: whether it is the same model.</summary>
    /// <exception cref="UserErrorException">As <see cref="WeightFiles"/>.</exception>
    public string Sha256() => FileHash.Sha256(Path, Files());

    /// <summary>The folder at <paramref name="path"/>, to be written.</summary>
    internal static ModelFolder At(string path) => new(path);

    private string In(string name) => System.IO.Path.Combine(Path, name);
}
