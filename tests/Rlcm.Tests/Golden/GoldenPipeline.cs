using Rlcm.Checkpoints;
using Rlcm.Diffusion;
using Rlcm.Models;
using Rlcm.Models.Lora;
using Rlcm.Policy;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlcm.Tests.Golden;

/// <summary>A golden pipeline loaded as a policy that samples as the released code did.</summary>
internal sealed class GoldenPipeline : IDisposable
{
    /// <param name="name">The pipeline.</param>
    /// <param name="folder">Where its model lies in another form; null: as the original wrote it.</param>
    public GoldenPipeline(string name, string? folder = null)
    {
        var settings = GoldenData.ReadJson(GoldenData.InPipeline(name, "expected/ppo.json"));
        var size = settings.GetProperty("image_size");
        Model = TextToImageModel.Load(folder ?? GoldenData.InPipeline(name, "pipeline"));
        Rollout = SafetensorsFile.Open(GoldenData.InPipeline(name, "expected/rollout.safetensors"));
        Policy = new LcmPolicy(Model, new(
            settings.GetProperty("inference_steps").GetInt32(),
            settings.GetProperty("guidance_scale").GetDouble(),
            LcmGrid.Released,
            FinalStep.AsReleased,
            settings.GetProperty("original_steps").GetInt32())
        {
            Height = size[0].GetInt32(),
            Width = size[1].GetInt32(),
        });
        using var guidance = Rollout.Read("w_embedding");
        Policy.Guidance = [.. guidance.data<float>().Take((int)guidance.shape[1])];
        Settings = settings;
        Name = name;
    }

    public string Name { get; }

    public System.Text.Json.JsonElement Settings { get; }

    public TextToImageModel Model { get; }

    public SafetensorsFile Rollout { get; }

    public LcmPolicy Policy { get; }

    public LoraAdapters AttachLora()
    {
        using var file = SafetensorsFile.Open(GoldenData.InPipeline(Name, "expected/lora_init.safetensors"));
        var weights = file.Keys.Where(key => key.EndsWith(".lora_A.weight", StringComparison.Ordinal)).ToDictionary(
            key => key[..^".lora_A.weight".Length],
            key => (file.Read(key), file.Read(key.Replace(".lora_A.", ".lora_B.", StringComparison.Ordinal))));
        return LoraAdapters.Attach(
            Model.Unet, weights, Settings.GetProperty("lora_rank").GetInt32(), Settings.GetProperty("lora_alpha").GetDouble(), "lora_init");
    }

    public void Dispose()
    {
        Rollout.Dispose();
        Model.Dispose();
    }
}
