using Rlcm.Models.Clip;
using Rlcm.Pretraining;
using TorchSharp;

namespace Rlcm.Tests;

/// <summary>A CLIP model of a few thousand random weights and a head for styles with the tokenizer of <see cref="TinyModels"/>, as transformers writes it.</summary>
internal static class TinyClip
{
    /// <summary>What its head tells apart.</summary>
    public static IReadOnlyList<string> Styles => ["flat", "noto", "3d"];

    /// <summary>Writes it into <paramref name="folder"/>.</summary>
    /// <param name="folder">A new folder.</param>
    /// <param name="projection">Width of the embeddings.</param>
    public static string Write(string folder, int projection = 8)
    {
        var model = TinyModels.Write($"{folder}-tokenizer");
        var tokenizer = ClipTokenizer.FromFolder(Path.Combine(model, "tokenizer"));
        Directory.CreateDirectory(folder);
        foreach (var file in Directory.GetFiles(Path.Combine(model, "tokenizer")))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        var text = new ClipTextConfig
        {
            VocabularySize = tokenizer.VocabularySize,
            HiddenSize = 8,
            IntermediateSize = 16,
            Layers = 1,
            Heads = 2,
            MaxPositions = tokenizer.MaxLength,
            StartId = (int)tokenizer.StartId,
            EndId = (int)tokenizer.EndId,
        };
        var vision = new ClipVisionConfig { ImageSize = 16, PatchSize = 8, HiddenSize = 8, IntermediateSize = 16, Layers = 1, Heads = 2 };
        using var clip = new ClipModel(new(text, vision, projection));
        WeightInitializer.Initialize(clip, seed: 3);
        clip.Save(folder, torch.ScalarType.Float32);
        using var head = new StyleHead(projection, Styles);
        WeightInitializer.Initialize(head, seed: 4);
        head.Save(folder, torch.ScalarType.Float32);
        Directory.Delete(model, recursive: true);
        return folder;
    }
}
