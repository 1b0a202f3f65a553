using System.Globalization;
using Rlcm.Models;
using Rlcm.Rewards;

namespace Rlcm.Training;

/// <summary>A combination of values that cannot work.</summary>
/// <param name="Keys">The keys that clash, the one to change first in front.</param>
/// <param name="Message">What was expected, what was found and what to do.</param>
public sealed record TrainConfigConflict(IReadOnlyList<string> Keys, string Message);

/// <summary>The rules of a configuration that concern several keys at once.</summary>
public static class TrainConfigRules
{
    /// <summary>
    /// The keys that may change when a run is continued: how long it goes on and what it keeps. A learning rate that falls does so towards the
    /// new end. Keys that name files, and <c>threads</c>, may change as long as the files' contents and the number of threads do not.
    /// </summary>
    public static IReadOnlyList<string> FreeOnResume { get; } =
        ["updates", "evaluateEvery", "checkpointEvery", "keepLast", "keepBest", "patience", "threads", "model", "gallery", "lcmLora", "prompts", "evaluationPrompts", "aestheticModel", "aestheticHead", "clipModel", "styleModel", "bertModel", "rewardUrl", "rewardBatch", "rewardConcurrency", "rewardTimeout"];

    /// <summary>All conflicts of <paramref name="config"/>; none when it can be run.</summary>
    public static IEnumerable<TrainConfigConflict> Check(TrainConfig config) =>
        [.. CheckReward(config), .. RewardRules.Check(config), .. AlgorithmRules.Check(config), .. CheckComputing(config), .. CheckBatches(config), .. CheckAdvantage(config)];

    private static IEnumerable<TrainConfigConflict> CheckReward(TrainConfig config)
    {
        if (config.RewardTasks.FirstOrDefault(task => task is "http" or "vlm-bertscore") is { } byServer)
        {
            if (!(Uri.TryCreate(config.RewardUrl, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"))
                yield return new(["rewardUrl", "task"], $"task {byServer} needs the address of a reward server, such as http://127.0.0.1:{(byServer == "http" ? "8700" : "8080/v1")}, found {config.RewardUrl ?? "none"}; set rewardUrl (--reward-url)");
            else if (address.UserInfo.Length > 0)
                yield return new(["rewardUrl", "task"], $"the address holds a name or a key, which would be written into the run; leave it out and put the key into the environment variable {RewardFactory.KeyVariable}");
        }

        if (config.RewardTasks.Contains("vlm-bertscore") && config.BertModel is null)
            yield return new(["bertModel", "task"], "task vlm-bertscore needs an encoder of sentences; export microsoft/deberta-xlarge-mnli, or another of BERT's or RoBERTa's kind, to ONNX and set bertModel (--bert-model) to the folder with model.onnx and its tokenizer's files");
        if (config.RewardTasks.Contains("aesthetic") && config.AestheticModel is null)
            yield return new(["aestheticModel", "task"], "task aesthetic needs CLIP ViT-L/14; download openai/clip-vit-large-patch14 from the Hugging Face Hub (config.json, preprocessor_config.json, model.safetensors) and set aestheticModel (--aesthetic-model) to its folder");
        if (config.RewardTasks.Contains("aesthetic") && config.AestheticHead is null)
            yield return new(["aestheticHead", "task"], "task aesthetic needs LAION's head; download sac+logos+ava1-l14-linearMSE.pth from GitHub's christophschuhmann/improved-aesthetic-predictor and set aestheticHead (--aesthetic-head) to the file");
        if (config.RewardTasks.Contains("style") && config.Style is null)
            yield return new(["style", "task"], "task style needs the word of a drawing style, found none; set style (--style) to noto, twemoji, flat or 3d");
        if (config.RewardTasks.FirstOrDefault(task => task is "clip-score" or "pick-score") is { } byClip && config.ClipModel is null)
            yield return new(["clipModel", "styleModel", "task"], $"task {byClip} needs a CLIP model; download {(byClip == "clip-score" ? "openai/clip-vit-base-patch32 or another" : "yuvalkirstain/PickScore_v1, with the tokenizer of laion/CLIP-ViT-H-14-laion2B-s32B-b79K,")} from the Hugging Face Hub and set clipModel (--clip-model) to its folder");
    }

    private static IEnumerable<TrainConfigConflict> CheckComputing(TrainConfig config)
    {
        if (ComputeTarget.Refusal(config.Device, config.Dtype) is { } refusal)
            yield return new(["dtype", "device"], refusal);
        if (config.TrainedWeights == TrainedWeights.Unet && config.Dtype != ComputePrecision.Fp32)
            yield return new(["dtype", "trainedWeights"], $"the small steps of a U-Net that is trained as a whole are lost in {config.Dtype.ToString().ToLowerInvariant()}; set dtype to fp32 or trainedWeights to lora");
        if (config.Height is null != config.Width is null)
            yield return new(["height", "width"], "only one of height and width is set; set both or neither");
        if (config.Height % 8 > 0)
            yield return new(["height"], $"expected a multiple of 8, the decoder's scale, found {config.Height}; use {config.Height / 8 * 8}");
        if (config.Width % 8 > 0)
            yield return new(["width"], $"expected a multiple of 8, the decoder's scale, found {config.Width}; use {config.Width / 8 * 8}");
    }

    private static IEnumerable<TrainConfigConflict> CheckBatches(TrainConfig config)
    {
        var images = config.ImagesPerUpdate;
        if (images % config.SamplingBatch != 0)
            yield return new(["samplingBatch", "imagesPerUpdate"], $"{images} images per update do not divide into sampling batches of {config.SamplingBatch}; set samplingBatch to {Divisor(images, config.SamplingBatch)}");
        if (images % config.Minibatches != 0)
            yield return new(["minibatches", "imagesPerUpdate"], $"{images} images per update do not divide into {config.Minibatches} minibatches; set minibatches to {Divisor(images, config.Minibatches)}");
        else if (images / config.Minibatches % config.MicroBatch != 0)
            yield return new(["microBatch", "imagesPerUpdate", "minibatches"], $"{images} images per update in {config.Minibatches} minibatches make {images / config.Minibatches} images per optimizer step, which do not divide into micro-batches of {config.MicroBatch}; set microBatch to {Divisor(images / config.Minibatches, config.MicroBatch)}");
    }

    private static IEnumerable<TrainConfigConflict> CheckAdvantage(TrainConfig config)
    {
        if (config.ImagesPerUpdate % config.ImagesPerPrompt != 0)
            yield return new(["groupSize", "imagesPerUpdate"], $"{config.ImagesPerUpdate} images per update do not divide into groups of {config.GroupSize}; set imagesPerUpdate to a multiple of {config.GroupSize}");
        else if (config.ImagesPerUpdate % config.Minibatches == 0 && config.ImagesPerUpdate / config.Minibatches % config.ImagesPerPrompt != 0)
            yield return new(["minibatches", "groupSize", "imagesPerUpdate"], $"minibatches hold whole groups, and {config.ImagesPerUpdate / config.Minibatches} images do not divide into groups of {config.GroupSize}; set minibatches to {Divisor(config.ImagesPerUpdate / config.GroupSize, config.Minibatches)}");
        if (config.Advantage != AdvantageKind.Grouped && config.GroupNoise == GroupNoise.Branched)
            yield return new(["groupNoise", "advantage"], "only the images of a group can branch from one start; set advantage to grouped or groupNoise to own");
        if (config.KlThreshold > 0 && config.KlCoefficient == 0)
            yield return new(["klCoefficient", "klThreshold"], $"divergence above {config.KlThreshold.ToString(CultureInfo.InvariantCulture)} is to cost something, and klCoefficient is 0; set klCoefficient to 0.01 or klThreshold to 0");
        if (config.KlTarget is not null && config.KlCoefficient == 0)
            yield return new(["klCoefficient", "klTarget"], "the weight that is adapted to klTarget starts at klCoefficient, which is 0; set klCoefficient to 0.01 or klTarget to null");
        if (config.MinCount > config.BufferSize)
            yield return new(["minCount", "bufferSize"], $"a buffer of {config.BufferSize} rewards never holds {config.MinCount}; set minCount to {config.BufferSize} or less");
    }

    /// <summary>The largest divisor of <paramref name="number"/> that is at most <paramref name="limit"/>, in steps of its root: files may say anything.</summary>
    private static int Divisor(int number, int limit)
    {
        var largest = 1;
        for (var divisor = 1; divisor <= number / divisor; divisor++)
        {
            if (number % divisor == 0)
                largest = Math.Max(largest, number / divisor <= limit ? number / divisor : divisor <= limit ? divisor : 1);
        }

        return largest;
    }
}
