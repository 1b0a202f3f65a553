using Rlcm.Checkpoints;

namespace Rlcm.Inspection;

/// <summary>Looks at weights alone: a file, or a folder with those of one part.</summary>
internal static class WeightsInspector
{
    private const string SinglePipelinePrefix = "model.diffusion_model.";

    /// <param name="files">The weights.</param>
    /// <param name="name">What to call them.</param>
    public static PathInspection Inspect(WeightFiles files, string name)
    {
        var weights = InspectedWeights.Read(name, files);
        var isWholePipeline = weights.Tensors.Any(tensor => tensor.Name.StartsWith(SinglePipelinePrefix, StringComparison.Ordinal));
        return new(isWholePipeline ? "Stable Diffusion in one file" : "weights")
        {
            Weights = [weights],
            Problems = isWholePipeline
                ? ["a whole pipeline in one file, with the names of the original code, is not read; convert it to diffusers' layout, for instance with from_single_file and save_pretrained of diffusers"]
                : [],
        };
    }
}
