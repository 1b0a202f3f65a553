using Rlcm.Checkpoints;
using Rlcm.Models;
using Rlcm.Models.Clip;
using Rlcm.Models.Lora;
using Rlcm.Models.Unet;
using Rlcm.Models.Vae;
using Rlcm.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlcm.Inspection;

/// <summary>Looks at a model's folder: what it is, and everything that keeps it from being loaded, not only the first.</summary>
internal static class ModelInspector
{
    public static PathInspection Inspect(string path)
    {
        var problems = new List<string>();
        if (Try(problems, () => ModelFolder.Open(path)) is not { } folder)
            return new("model") { Problems = problems };

        var text = Try(problems, () => ClipTextConfig.Read(folder.TextEncoder.ConfigPath));
        var unet = Try(problems, () => UNet2DConditionConfig.Read(folder.Unet.ConfigPath));
        var vae = Try(problems, () => AutoencoderKLConfig.Read(folder.Vae.ConfigPath));
        var scheduler = Try(problems, () => SchedulerConfig.ReadNoise(folder.SchedulerPath) is { IsDiffusion: false, ClassName: not SchedulerConfig.Lcm } other ? other : SchedulerConfig.Read(folder.SchedulerPath));
        var tokenizer = Try(problems, () => ClipTokenizer.FromFolder(folder.Tokenizer));
        InspectedWeights[] weights =
        [
            .. Part(problems, "unet", folder.Unet, unet is null ? null : () => new UNet2DConditionModel(unet), unet?.LeastWeights ?? 0, key => key),
            .. Part(problems, "vae", folder.Vae, vae is null ? null : () => new AutoencoderKL(vae), vae?.LeastWeights ?? 0, VaeNames.Current),
            .. Part(problems, "text_encoder", folder.TextEncoder, text is null ? null : () => new ClipTextModel(text), text?.LeastWeights ?? 0, TextToImageModel.CurrentTextName),
        ];
        if (text is not null && unet is not null && vae is not null)
        {
            Try(problems, () => { ModelParts.RequireFit(text, unet, vae, path); return path; });
            if (tokenizer is not null)
                Try(problems, () => { ModelParts.RequireFit(tokenizer, text, path); return path; });
        }

        if (scheduler is { IsDiffusion: false, ClassName: not SchedulerConfig.Lcm })
            problems.Add($"scheduler {scheduler.ClassName}: not one that is sampled here; give an LCM-LoRA with --lcm-lora");
        return new(Title(scheduler, unet))
        {
            Facts = [.. Facts(scheduler, unet, vae), .. AdapterProvenance.TryRead(path) is { } provenance ? AdapterInspector.Origin(provenance) : []],
            Weights = weights,
            Problems = problems,
            Memory = text is null || unet is null || vae is null || weights.Length < 3 ? [] : MemoryNeed.OfPresets(unet, vae, [.. weights.Select(part => part.Parameters)]),
        };
    }

    private static string Title(SchedulerConfig? scheduler, UNet2DConditionConfig? unet) =>
        scheduler?.ClassName == SchedulerConfig.Lcm ? $"latent consistency model in diffusers layout{(unet?.TimeCondProjDim is null ? "" : ", with guidance embedding")}" : "diffusion model in diffusers layout";

    private static List<InspectedFact> Facts(SchedulerConfig? scheduler, UNet2DConditionConfig? unet, AutoencoderKLConfig? vae)
    {
        var facts = new List<InspectedFact>();
        if (scheduler is not null)
            facts.Add(new("scheduler", scheduler.IsDiffusion ? $"{scheduler.ClassName}; drawn by DDIM, tuned by --algorithm ddpo, for RLCM with an LCM-LoRA or distilled" : scheduler.ClassName));
        if (unet is not null)
            facts.Add(new("guidance embedding", unet.TimeCondProjDim is { } width ? $"yes, {width} wide" : "no; for a consistency model the guidance scale has to be 1"));
        if (unet is not null && vae is not null)
            facts.Add(new("own picture size", $"{unet.SampleSize * vae.SpatialFactor} x {unet.SampleSize * vae.SpatialFactor}; other multiples of {vae.SpatialFactor} can be drawn, the worse the farther off"));
        return facts;
    }

    /// <summary>The weights of a part, compared with the network that its configuration describes.</summary>
    private static InspectedWeights[] Part(List<string> problems, string name, ModelPart part, Func<nn.Module>? create, double leastWeights, Func<string, string?> rename)
    {
        if (Try(problems, part.FindWeights) is not { } files || Try(problems, () => InspectedWeights.Read(name, files)) is not { } weights)
            return [];
        if (create is not null)
        {
            Try(problems, () =>
            {
                using var scope = NewDisposeScope();
                part.RequireWeights(leastWeights);
                using var network = create();
                using var source = files.Open();
                using var renamed = new RenamedTensors(source, rename);
                ModelWeights.RequireFit(network, renamed);
                return name;
            });
        }

        return [weights];
    }

    private static T? Try<T>(List<string> problems, Func<T> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (UserErrorException error)
        {
            problems.Add(error.Message);
            return null;
        }
    }
}
