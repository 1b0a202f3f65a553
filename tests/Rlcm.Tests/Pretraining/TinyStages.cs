using Rlcm.Datasets;
using Rlcm.Imaging;
using Rlcm.Models;
using Rlcm.Models.Clip;
using Rlcm.Models.Unet;
using Rlcm.Models.Vae;
using Rlcm.Pretraining;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlcm.Tests.Pretraining;

/// <summary>Stages of a tiny model on a few made-up 16x16 pictures.</summary>
internal static class TinyStages
{
    public const int Pictures = 8;

    private static readonly ImageRecord[] Records =
        [.. Enumerable.Range(0, Pictures).Select(index => new ImageRecord { FileName = $"{index}.png", Text = TinyModels.Prompts[index % 4], Label = "cat" })];

    /// <summary>A batch of smooth pictures: color gradients of different directions.</summary>
    public static ImageBatch Images()
    {
        var pixels = new byte[Pictures * 16 * 16 * 3];
        for (var i = 0; i < pixels.Length; i++)
        {
            var (picture, x, y, channel) = (i / 768, i / 3 % 16, i / 48 % 16, i % 3);
            pixels[i] = (byte)((picture * 16 + (channel == 0 ? x : channel == 1 ? y : x + y) * (4 + picture % 3)) % 256);
        }

        return new(pixels, Pictures, 16, 16);
    }

    /// <summary>A tiny autoencoder that belongs to its maker alone, not to a dispose scope.</summary>
    public static AutoencoderKL Autoencoder()
    {
        using var scope = NewDisposeScope(); // for the handles that TorchSharp's convolutions leave behind
        var vae = new AutoencoderKL(TinyModels.Vae);
        foreach (var parameter in vae.parameters())
            parameter.DetachFromDisposeScope();
        return vae;
    }

    /// <param name="online">A tiny autoencoder, which gets new weights.</param>
    /// <param name="average">Another one.</param>
    /// <param name="settings">Of the stage.</param>
    /// <param name="balance">Whether the saved latents are balanced.</param>
    /// <param name="variants">Whether half of every batch is altered.</param>
    /// <param name="matchSpectrum">Whether spectra are a part of the loss.</param>
    /// <param name="anchor">Whose latents are to be kept.</param>
    public static VaeStage Vae(AutoencoderKL online, AutoencoderKL average, PretrainingSettings settings, bool balance = true, bool variants = false, bool matchSpectrum = false, AutoencoderKL? anchor = null)
    {
        WeightInitializer.Initialize(online, settings.Seed);
        return new(online, average, new PixelStore(Images()), Uniform, settings, balance, variants, matchSpectrum, anchor);
    }

    /// <param name="folder">Holds a tiny diffusion model.</param>
    /// <param name="settings">Of the stage.</param>
    /// <param name="zeroOutput">Whether the U-Net predicts zero at first.</param>
    public static TeacherStage Teacher(string folder, PretrainingSettings settings, bool zeroOutput = false)
    {
        TextToImageModel Build()
        {
            var model = TextToImageModel.Load(folder);
            if (zeroOutput)
                WeightInitializer.Initialize(model.Unet, settings.Seed, "conv_out.weight");
            Trainable(model.Unet);
            Trainable(model.TextEncoder);
            return model;
        }

        var online = Build();
        return new(online, Build(), Data(online.Vae, online.Tokenizer), Uniform, settings, Path.Combine(folder, "tokenizer"), TinyModels.Prompts);
    }

    /// <param name="folder">Holds a tiny diffusion model.</param>
    /// <param name="settings">Of the stage.</param>
    public static (DistillationStage Stage, TextToImageModel Student, TextToImageModel Target) Distillation(string folder, PretrainingSettings settings)
    {
        var teacher = TextToImageModel.Load(folder);
        TextToImageModel Student()
        {
            var unet = new UNet2DConditionModel(TinyModels.Unet(guided: true));
            WeightInitializer.CopyFrom(unet, teacher.Unet, UNet2DConditionModel.GuidanceProjection);
            return new(teacher.Tokenizer, teacher.TextEncoder, unet, teacher.Vae, teacher.Scheduler with { ClassName = SchedulerConfig.Lcm });
        }

        var (student, target) = (Student(), Student());
        var stage = new DistillationStage(
            teacher, student, target, Data(teacher.Vae, teacher.Tokenizer), Uniform, new(settings, Path.Combine(folder, "tokenizer"), TinyModels.Prompts));
        return (stage, student, target);
    }

    public static double[] Uniform => [.. Enumerable.Repeat(1.0, Pictures)];

    /// <summary>The pictures as <paramref name="vae"/> encodes them, and their captions.</summary>
    public static CaptionedLatents Data(AutoencoderKL vae, ClipTokenizer tokenizer)
    {
        using var pixels = new PixelStore(Images());
        return new(Records, pixels, vae, tokenizer);
    }

    private static void Trainable(nn.Module network)
    {
        foreach (var parameter in network.parameters())
            parameter.requires_grad = true;
    }
}
