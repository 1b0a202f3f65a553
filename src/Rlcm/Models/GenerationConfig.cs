namespace Rlcm.Models;

/// <summary>How a model is best sampled; <c>generation_config.json</c> in its folder. Models without the file get the values of the LCM paper.</summary>
/// <param name="GuidanceScale">Recommended guidance scale; 1 is no guidance.</param>
/// <param name="Steps">Recommended number of steps.</param>
public sealed record GenerationConfig(double GuidanceScale = 8, int Steps = 4)
{
    private const int MostSteps = 1000;

    /// <summary>The file's name.</summary>
    public const string FileName = "generation_config.json";

    /// <summary>Reads the file of a model folder, if there is one.</summary>
    /// <exception cref="Runtime.UserErrorException">The file is damaged.</exception>
    public static GenerationConfig Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
            return new();
        var reader = new ModelConfigReader(path);
        var config = new GenerationConfig(reader.Number("guidance_scale"), reader.Count("num_inference_steps", most: MostSteps));
        reader.Finish();
        return config;
    }

    /// <summary>Writes the file into a model folder.</summary>
    public void Write(string folder) => ModelJson.Write(Path.Combine(folder, FileName), new Dictionary<string, object?>(StringComparer.Ordinal)
    {
        ["guidance_scale"] = GuidanceScale,
        ["num_inference_steps"] = Steps,
    });
}
