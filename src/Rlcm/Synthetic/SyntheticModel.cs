using Rlcm.Models;
using Rlcm.Models.Clip;
using Rlcm.Models.Unet;
using Rlcm.Models.Vae;
using Rlcm.Pretraining;
using Rlcm.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlcm.Synthetic;

/// <summary>
/// Models of random weights in diffusers' layout: everything of a published checkpoint but what it has learned, for tests and benchmarks.
/// </summary>
public static class SyntheticModel
{
    private const string PositionIds = "text_model.embeddings.position_ids";

    /// <summary>Writes a model; the same arguments write the same bytes.</summary>
    /// <param name="folder">A new folder.</param>
    /// <param name="shape">The architectures.</param>
    /// <param name="form">How weights are kept.</param>
    /// <param name="scheduler">diffusers' class of the scheduler, see <see cref="SchedulerConfig"/>.</param>
    /// <returns><paramref name="folder"/>.</returns>
    public static string Write(string folder, SyntheticShape shape, SyntheticForm form, string scheduler = SchedulerConfig.Lcm)
    {
        AtomicFolder.Write(folder, files =>
        {
            var parts = ModelFolder.At(files);
            Directory.CreateDirectory(parts.Tokenizer);
            BpeTrainer.Write(parts.Tokenizer, BpeTrainer.Learn(["a flat cat", "a 3d dog", "a noto fox", "a twemoji owl"], mergeCount: 20, minimumCount: 1), shape.Text.MaxPositions);
            var tokenizer = ClipTokenizer.FromFolder(parts.Tokenizer);
            var text = shape.Text with { StartId = (int)tokenizer.StartId, EndId = (int)tokenizer.EndId };
            WritePart(parts.TextEncoder, text.ToJson(), () => new ClipTextModel(text), seed: 1, form);
            WritePart(parts.Unet, shape.Unet.ToJson(), () => new UNet2DConditionModel(shape.Unet), seed: 2, form);
            WritePart(parts.Vae, shape.Vae.ToJson(), () => new AutoencoderKL(shape.Vae), seed: 3, form);
            var config = new SchedulerConfig { ClassName = scheduler };
            ModelJson.Write(parts.SchedulerPath, config.ToJson());
            shape.Generation?.Write(files);
            ModelJson.Write(Path.Combine(files, ModelFolder.IndexFile), ModelIndex.Of(config, shape.Unet));
            if (form.ExtraFolders)
                WriteExtras(files);
        });
        return folder;
    }

    private static void WritePart(ModelPart part, IReadOnlyDictionary<string, object?> config, Func<nn.Module> create, ulong seed, SyntheticForm form)
    {
        using var scope = NewDisposeScope();
        using var network = create();
        WeightInitializer.Initialize(network, seed);
        ModelJson.Write(part.ConfigPath, config);
        (string Key, Tensor Value)[] weights = [.. network.state_dict().Select(weight => (form.OldNames ? VaeNames.Old(weight.Key) : weight.Key, weight.Value))];
        if (form.OldNames && network is ClipTextModel encoder)
            weights = [.. weights, (PositionIds, tensor([.. Enumerable.Range(0, encoder.Config.MaxPositions).Select(position => (long)position)]).unsqueeze(0))];
        SyntheticFiles.Write(part, weights, form);
    }

    private static void WriteExtras(string folder)
    {
        foreach (var (name, file) in ((string, string)[])[("safety_checker", "config.json"), ("feature_extractor", "preprocessor_config.json")])
            ModelJson.Write(Path.Combine(folder, name, file), new Dictionary<string, object?>(StringComparer.Ordinal) { ["_class_name"] = "Ignored" });
    }
}
