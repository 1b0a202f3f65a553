using Rlcm.Imaging;
using Rlcm.Models.Clip;
using Rlcm.Rewards;
using Rlcm.Runtime;
using Rlcm.Tests.Golden;
using Rlcm.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Rewards;

/// <summary>Rewards that are computed by a CLIP model.</summary>
public sealed class ClipRewardTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Clip_score_is_the_cosine_and_pick_score_a_multiple_of_it()
    {
        TinyClip.Write(_folder["clip"]);
        var (images, prompts) = (Pictures(3, 16, 24), (string[])["a cat", "a dog", "a cat"]);
        using var clip = ClipFolder.Load(_folder["clip"], withTexts: true);
        using var pictures = clip.EmbedPictures(images);
        using var texts = clip.EmbedTexts(prompts);
        using var lengths = pictures.norm(1);
        Assert.All(lengths.data<float>().ToArray(), length => Assert.Equal(1, length, 1e-5f));
        var expected = Enumerable.Range(0, 3).Select(n => Enumerable.Range(0, 8).Sum(i => pictures.data<float>()[n * 8 + i] * texts.data<float>()[n * 8 + i])).ToArray();

        using var cosine = ClipReward.ClipScore(_folder["clip"]);
        using var pick = ClipReward.PickScore(_folder["clip"]); // whose logit scale starts as 1
        var scores = await cosine.ScoreAsync(images, prompts, TestContext.Current.CancellationToken);
        var picks = await pick.ScoreAsync(images, prompts, TestContext.Current.CancellationToken);
        for (var n = 0; n < 3; n++)
        {
            Assert.Equal(expected[n], scores[n], 1e-5f);
            Assert.Equal(Math.E * expected[n], picks[n], 1e-5);
        }

        Assert.Equal(("clip-score", "cosine", "pick-score", "logits"), (cosine.Name, cosine.Unit, pick.Name, pick.Unit));
    }

    [Fact]
    public async Task Scores_do_not_depend_on_the_batch()
    {
        TinyClip.Write(_folder["clip"]);
        using var reward = ClipReward.ClipScore(_folder["clip"]);
        var images = Pictures(4, 20, 16);
        string[] prompts = [.. TinyModels.Prompts];
        var together = await reward.ScoreAsync(images, prompts, TestContext.Current.CancellationToken);
        for (var n = 0; n < 4; n++)
        {
            var alone = new ImageBatch(images[n].ToArray(), 1, 20, 16);
            Assert.Equal(Assert.Single(await reward.ScoreAsync(alone, [prompts[n]], TestContext.Current.CancellationToken)), together[n], 1e-5f);
        }
    }

    [Fact]
    public async Task The_probabilities_of_all_styles_are_one_together()
    {
        TinyClip.Write(_folder["clip"]);
        var sums = new float[3];
        foreach (var style in TinyClip.Styles)
        {
            using var reward = StyleReward.Load(_folder["clip"], style);
            var scores = await reward.ScoreAsync(Pictures(3, 16, 24), ["a", "b", "c"], TestContext.Current.CancellationToken);
            Assert.All(scores, score => Assert.InRange(score, 0.01f, 0.99f));
            sums = [.. sums.Zip(scores, (sum, score) => sum + score)];
        }

        Assert.All(sums, sum => Assert.Equal(1, sum, 1e-5f));
    }

    [Fact]
    public async Task The_style_that_is_raised_is_the_one_that_is_named()
    {
        TinyClip.Write(_folder["clip"]);
        using var clip = ClipFolder.Load(_folder["clip"], withTexts: false);
        using var head = StyleHead.Load(_folder["clip"], 8);
        using var embeddings = clip.EmbedPictures(Pictures(2, 16, 24));
        using var logits = head.forward(embeddings);
        for (var style = 0; style < TinyClip.Styles.Count; style++)
        {
            using var reward = StyleReward.Load(_folder["clip"], TinyClip.Styles[style]);
            var scores = await reward.ScoreAsync(Pictures(2, 16, 24), ["a", "b"], TestContext.Current.CancellationToken);
            for (var n = 0; n < 2; n++)
            {
                var row = logits.data<float>().ToArray()[(n * 3)..(n * 3 + 3)];
                Assert.Equal(Math.Exp(row[style]) / row.Sum(logit => Math.Exp(logit)), scores[n], 1e-5);
            }
        }
    }

    [Fact]
    public void A_style_that_the_head_does_not_know_is_refused_and_so_is_a_model_without_one()
    {
        TinyClip.Write(_folder["clip"]);
        Assert.EndsWith("tells apart, flat, noto, 3d, found cubist; choose one of them.", Assert.Throws<UserErrorException>(() => StyleReward.Load(_folder["clip"], "cubist")).Message, StringComparison.Ordinal);
        Directory.Delete(Path.Combine(_folder["clip"], StyleHead.FolderName), recursive: true);
        Assert.Contains("expected a CLIP model with a head for styles, found no folder style_head; ", Assert.Throws<UserErrorException>(() => StyleReward.Load(_folder["clip"], "flat")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Embeddings_of_another_width_do_not_fit_the_aesthetic_head() => Assert.Contains(
        "needs embeddings of 768 numbers (projection_dim), found 8; take CLIP ViT-L/14.",
        Assert.Throws<UserErrorException>(() => AestheticReward.Load(TinyClip.Write(_folder["clip"]), GoldenData.Shared("clip-a/sac+logos+ava1-l14-linearMSE.pth"), rounded: true)).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Other_weights_are_not_the_aesthetic_head() => Assert.Contains(
        "is not the head of LAION's aesthetic predictor for CLIP ViT-L/14: ",
        Assert.Throws<FileContentException>(() => AestheticHead.Load(Path.Combine(TinyClip.Write(_folder["clip"]), "model.safetensors"))).Message,
        StringComparison.Ordinal);

    [Fact]
    public async Task The_aesthetic_reward_takes_rounded_pictures_or_those_before_rounding()
    {
        var (clip, head) = (TinyClip.Write(_folder["clip"], AestheticHead.EmbeddingSize), GoldenData.Shared("clip-a/sac+logos+ava1-l14-linearMSE.pth"));
        var images = Pictures(2, 40, 40) with { Values = [.. Pictures(2, 40, 40).Pixels.Select(value => Math.Clamp(value / 255f - 0.001f, 0, 1))] };
        using var rounding = AestheticReward.Load(clip, head, rounded: true);
        using var exact = AestheticReward.Load(clip, head, rounded: false);
        var (rounded, unrounded) = (await rounding.ScoreAsync(images, ["", ""], TestContext.Current.CancellationToken), await exact.ScoreAsync(images, ["", ""], TestContext.Current.CancellationToken));
        Assert.NotEqual(rounded, unrounded);
        using var bytes = AestheticReward.Load(clip, head, rounded: true);
        var cut = new ImageBatch([.. images.Values!.Select(value => (byte)(value * 255))], 2, 40, 40);
        Assert.Equal(await bytes.ScoreAsync(cut, ["", ""], TestContext.Current.CancellationToken), unrounded); // transformers cuts fractions off
        await Assert.ThrowsAsync<ArgumentException>(() => exact.ScoreAsync(images with { Values = null }, ["", ""], TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Tasks_are_found_by_name_with_the_files_they_are_made_of()
    {
        var clip = TinyClip.Write(_folder["clip"], AestheticHead.EmbeddingSize);
        var config = new TrainConfig { AestheticModel = clip, AestheticHead = GoldenData.Shared("clip-a/sac+logos+ava1-l14-linearMSE.pth"), ClipModel = clip, RewardUrl = "http://127.0.0.1:1", Style = "flat", StyleModel = clip, BertModel = GoldenData.Shared("bertscore-a/bert") };
        Assert.Equal(["aesthetic", "alignment", "clip-score", "compression", "http", "incompression", "pick-score", "recognized", "style", "vlm-bertscore"], RewardFactory.Tasks);
        foreach (var task in RewardFactory.Tasks)
        {
            var reward = RewardFactory.Create(config with { Task = task });
            Assert.Equal((task, RewardFactory.UnitOf(task)), (reward.Name, reward.Unit));
            (reward as IDisposable)?.Dispose();
        }

        Assert.Empty(RewardFactory.Inputs(config));
        var inputs = RewardFactory.Inputs(config with { Task = "aesthetic" }).Select(input => input.Name).ToList();
        Assert.Subset(inputs.ToHashSet(StringComparer.Ordinal), new HashSet<string>(["aestheticModel/config.json", "aestheticModel/model.safetensors", "aestheticModel/preprocessor_config.json", "aestheticHead"], StringComparer.Ordinal));
        Assert.Equal(["bertModel/model.onnx", "bertModel/vocab.txt", "bertModel/tokenizer_config.json", "bertModel/config.json"], RewardFactory.Inputs(config with { Task = "vlm-bertscore" }).Select(input => input.Name));
        Assert.Contains("styleModel/style_head/model.safetensors", RewardFactory.Inputs(config with { Task = "style" }).Select(input => input.Name));
        Assert.Equal(["gallery/index.json", "gallery/sheet.png"], RewardFactory.Inputs(config with { Task = "recognized" }).Select(input => input.Name));
        Assert.Contains("embeddedClip/model.safetensors", RewardFactory.Inputs(config with { Task = "alignment" }).Select(input => input.Name));
        Assert.Contains("expected one of aesthetic, alignment, clip-score, compression", Assert.Throws<UserErrorException>(() => RewardFactory.Create(config with { Task = "compresion" })).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("preprocessor_config.json", "\"height\": 16", "\"height\": 16, \"depth\": 3", "crop_size.depth = 3")]
    [InlineData("preprocessor_config.json", "\"width\": 16", "\"width\": 24", "crop_size.width = 24 is not supported")]
    [InlineData("preprocessor_config.json", "\"resample\": 3", "\"resample\": 2", "resample = 2 is not supported")]
    [InlineData("preprocessor_config.json", "\"do_resize\": true", "\"do_resize\": true, \"do_pad\": true", "do_pad = true")]
    [InlineData("config.json", "\"patch_size\": 8", "\"patch_size\": 7", "vision_config.patch_size: expected a divisor of image_size = 16")]
    [InlineData("config.json", "\"hidden_act\": \"quick_gelu\"", "\"hidden_act\": \"relu\"", "text_config.hidden_act: expected quick_gelu or gelu")]
    [InlineData("config.json", "\"projection_dim\": 8,", "\"projection_dim\": 8, \"text_config_dict\": {\"hidden_size\": 16},", "text_config_dict: expected what text_config says")]
    [InlineData("config.json", "\"eos_token_id\": 532", "\"eos_token_id\": 3", "expected texts to end with eos_token_id 3")]
    public void What_is_not_computed_here_is_refused_by_name(string file, string was, string becomes, string expected)
    {
        var path = Path.Combine(TinyClip.Write(_folder["clip"]), file);
        var text = File.ReadAllText(path);
        var at = text.IndexOf(was, StringComparison.Ordinal);
        Assert.True(at >= 0, text);
        File.WriteAllText(path, text[..at] + becomes + text[(at + was.Length)..]);
        Assert.Contains(expected, Assert.ThrowsAny<UserErrorException>(() => ClipFolder.Load(_folder["clip"], withTexts: true)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("aesthetic", "aestheticModel", "task aesthetic needs CLIP ViT-L/14; download openai/clip-vit-large-patch14 ")]
    [InlineData("aesthetic", "aestheticHead", "task aesthetic needs LAION's head; download sac+logos+ava1-l14-linearMSE.pth ")]
    [InlineData("style", "style", "task style needs the word of a drawing style, found none; set style (--style) to noto, twemoji, flat or 3d")]
    [InlineData("clip-score", "clipModel", "task clip-score needs a CLIP model; download ")]
    [InlineData("http", "rewardUrl", "task http needs the address of a reward server, such as http://127.0.0.1:8700, found none")]
    [InlineData("vlm-bertscore", "rewardUrl", "task vlm-bertscore needs the address of a reward server, such as http://127.0.0.1:8080/v1, found none")]
    [InlineData("vlm-bertscore", "bertModel", "task vlm-bertscore needs an encoder of sentences; export microsoft/deberta-xlarge-mnli, ")]
    [InlineData("pick-score", "clipModel", "task pick-score needs a CLIP model; download yuvalkirstain/PickScore_v1")]
    public void What_a_task_lacks_is_named_with_where_it_is_from(string task, string key, string expected)
    {
        var error = Assert.Throws<UserErrorException>(() => TrainConfigReader.Read("quick", [new("--task", "task", task)], []));
        Assert.Contains($"{key}: {expected}", error.Message, StringComparison.Ordinal);
    }

    private static ImageBatch Pictures(int count, int height, int width) =>
        new([.. Enumerable.Range(0, count * height * width * 3).Select(i => (byte)(i * 7 + i * i / 11))], count, height, width);
}
