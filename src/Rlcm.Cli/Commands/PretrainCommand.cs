using System.CommandLine;
using Rlcm.Datasets;
using Rlcm.Models.Vae;
using Rlcm.Pretraining;
using TorchSharp;

namespace Rlcm.Cli.Commands;

internal static class PretrainCommand
{
    public static Command Create() => new("pretrain", "Train the parts of a text-to-image model from an image folder") { CreateVae() };

    private static Command CreateVae()
    {
        var dataset = new Option<DirectoryInfo>("--dataset") { Required = true };
        var output = new Option<DirectoryInfo>("--output") { Required = true };
        var images = new Option<long>("--images") { DefaultValueFactory = _ => 60_000 };
        var batch = new Option<int>("--batch") { DefaultValueFactory = _ => 32 };
        var rate = new Option<double>("--learning-rate") { DefaultValueFactory = _ => 1e-3 };
        var threads = new Option<int>("--threads") { DefaultValueFactory = _ => 2 };
        var resume = new Option<bool>("--resume");
        var command = new Command("vae", "Train the autoencoder") { dataset, output, images, batch, rate, threads, resume };
        command.SetAction((arguments, cancellation) =>
        {
            torch.set_num_threads(arguments.GetValue(threads));
            var settings = new PretrainingSettings
            {
                Images = arguments.GetValue(images),
                BatchSize = arguments.GetValue(batch),
                LearningRate = arguments.GetValue(rate),
                SampleEvery = 250,
            };
            var records = ImageFolder.Open(arguments.GetRequiredValue(dataset).FullName);
            var training = records.Records.Where(record => !record.IsHeldOut).ToArray();
            var config = AutoencoderKLConfig.Read("configs/emoji-lcm/vae.json");
            var online = new AutoencoderKL(config);
            WeightInitializer.Initialize(online, settings.Seed, ".conv2.weight");
            using var stage = new VaeStage(online, new AutoencoderKL(config), new PixelStore(records.Decode(training, config.SampleSize, cancellation)),
                [.. training.Select(record => record.Group == "animals-nature" ? 2.0 : 1.0)], settings);
            var loop = new PretrainingLoop(stage, settings, new PretrainingFolder(arguments.GetRequiredValue(output).FullName));
            var sum = 0.0;
            loop.Run(arguments.GetValue(resume), new Report(progress =>
            {
                sum += progress.Loss;
                if (progress.Step % 25 == 0)
                {
                    Console.WriteLine($"{progress.Stage} {progress.Step}/{progress.Steps} loss {sum / 25:f5} lr {progress.LearningRate:g3} {progress.ImagesPerSecond:f1} images/s ETA {progress.Remaining:hh\\:mm\\:ss}");
                    sum = 0;
                }
            }), cancellation);
            return Task.FromResult(0);
        });
        return command;
    }

    private sealed class Report(Action<PretrainingProgress> action) : IProgress<PretrainingProgress>
    {
        public void Report(PretrainingProgress value) => action(value);
    }
}
