using Rlcm.Evaluation;
using Rlcm.Models;
using Rlcm.Models.Clip;
using Rlcm.Runtime;

namespace Rlcm.Cli.Commands;

/// <summary><c>rlcm evaluate --model CLIP</c>: how well a CLIP model knows the 45 animals.</summary>
internal static class ClipEvaluation
{
    /// <summary>Whether <paramref name="folder"/> is one of a single model of transformers and not of a text-to-image model.</summary>
    public static bool Concerns(string folder) =>
        !File.Exists(Path.Combine(folder, ModelFolder.IndexFile)) && File.Exists(ModelPart.OfTransformers(folder).ConfigPath);

    /// <summary>Measures the model of <paramref name="folder"/> and says it in a line.</summary>
    /// <param name="folder">A CLIP model.</param>
    /// <param name="gallery">Folder of the gallery with the drawings; null: the embedded one.</param>
    /// <exception cref="UserErrorException">Something is missing, damaged or not supported.</exception>
    public static string Measure(string folder, string? gallery)
    {
        using var clip = ClipFolder.Load(folder, withTexts: true);
        var retrieval = AnimalRetrieval.Measure(clip, Gallery.Read(gallery ?? ShippedFiles.Require(Path.Combine("models", "emoji-lcm", Gallery.FolderName), "the gallery")));
        var byVendor = retrieval.ByVendor.Select(vendor => $"{vendor.Vendor} {vendor.Right} of {vendor.All}");
        return $"drawings that 'pretrain clip' leaves out, one of each of the {retrieval.Drawings.Count} animals, that find their caption first: {retrieval.Top1:p1} ({string.Join(", ", byVendor)})";
    }
}
