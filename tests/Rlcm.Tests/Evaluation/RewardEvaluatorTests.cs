using Rlcm.Evaluation;
using Rlcm.Imaging;
using Rlcm.Models.Clip;
using Rlcm.Rewards;
using Rlcm.Runtime;
using Xunit;

namespace Rlcm.Tests.Evaluation;

public sealed class RewardEvaluatorTests : IDisposable
{
    private static readonly string[] Prompts = ["a cat", "a dog", "an owl"];
    private readonly TemporaryFolder _folder = new();
    private readonly List<int> _batches = [];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(100)]
    public void Every_picture_is_scored_with_its_prompt_whatever_the_batch(int batchSize)
    {
        var done = new List<int>();
        var result = Evaluate(samples: 2, batchSize, new SynchronousProgress<int>(done.Add));
        Assert.Equal([new("letters", "points", MeasureKind.Reward), Measure.PixelDiversity], result.Values.Select(values => values.Measure));
        // The reward is the seed, which is the picture's gray, and ten for each letter of the prompt.
        Assert.Equal([[50, 51], [52, 53], [64, 65]], result.Values[0].ByPrompt);
        Assert.All(result.Values[1].ByPrompt, value => Assert.Equal(1 / 255.0, Assert.Single(value), 1e-12));
        Assert.Equal(6, done[^1]);
        Assert.Equal(batchSize switch { 1 => [2, 2, 2], 4 => [4, 2], _ => [6] }, _batches);
    }

    [Fact]
    public void The_first_picture_of_the_first_prompts_is_kept()
    {
        var shown = Evaluate(samples: 2, batchSize: 2, new SynchronousProgress<int>(_ => { }), shown: 2).Shown;
        Assert.Equal((2, 0, 2), (shown.Count, shown[0][0], shown[1][0]));
    }

    [Fact]
    public void Single_pictures_have_no_diversity() =>
        Assert.Equal("letters", Assert.Single(Evaluate(samples: 1, batchSize: 4, new SynchronousProgress<int>(_ => { })).Values).Measure.Name);

    [Fact]
    public void A_clip_measures_how_different_pictures_look()
    {
        using var clip = ClipFolder.Load(TinyClip.Write(_folder["clip"]), withTexts: false);
        var evaluator = new RewardEvaluator([], clip, Prompts, samples: 2, batchSize: 4);
        var images = Drawings.Batch([.. Enumerable.Range(0, 6).Select(Drawings.Rectangles)]);
        var values = evaluator.Evaluate((_, seeds) => Drawings.Batch([.. seeds.Select(seed => images[(int)seed].ToArray())]), "a test", 1, new SynchronousProgress<int>(_ => { }), CancellationToken.None).Values;
        Assert.Equal([Measure.PixelDiversity, Measure.ClipDiversity], values.Select(value => value.Measure));
        using var embeddings = clip.EmbedPictures(images);
        var all = embeddings.data<float>().ToArray();
        for (var prompt = 0; prompt < 3; prompt++)
        {
            var cosine = Enumerable.Range(0, 8).Sum(i => (double)all[16 * prompt + i] * all[16 * prompt + 8 + i]);
            Assert.Equal(1 - cosine, Assert.Single(values[1].ByPrompt[prompt]), 1e-5);
        }
    }

    [Fact]
    public void A_reward_that_fails_says_where()
    {
        var evaluator = new RewardEvaluator([new Letters(float.NaN)], null, Prompts, samples: 2, batchSize: 2);
        var error = Assert.Throws<UserErrorException>(() => evaluator.Evaluate(Gray, "small at 4 steps", 1, new SynchronousProgress<int>(_ => { }), CancellationToken.None));
        Assert.StartsWith("Reward 'letters' returned NaN for image 0 of small at 4 steps, prompt 'a cat'; ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void It_stops_between_batches()
    {
        using var stop = new CancellationTokenSource();
        var progress = new SynchronousProgress<int>(_ => stop.Cancel());
        Assert.Throws<OperationCanceledException>(() => new RewardEvaluator([new Letters()], null, Prompts, samples: 1, batchSize: 1).Evaluate(Gray, "a test", 1, progress, stop.Token));
        Assert.Equal([1], _batches);
    }

    private EvaluatedRewards Evaluate(int samples, int batchSize, IProgress<int> progress, int shown = 3) =>
        new RewardEvaluator([new Letters()], null, Prompts, samples, batchSize).Evaluate(Gray, "a test", shown, progress, TestContext.Current.CancellationToken);

    /// <summary>Pictures whose gray is their seed.</summary>
    private ImageBatch Gray(IReadOnlyList<string> prompts, IReadOnlyList<long> seeds)
    {
        _batches.Add(prompts.Count);
        return new([.. seeds.SelectMany(seed => Enumerable.Repeat((byte)seed, 12))], prompts.Count, 2, 2);
    }

    private sealed class Letters(float more = 0) : IReward
    {
        public string Name => "letters";

        public string Unit => "points";

        public Task<float[]> ScoreAsync(ImageBatch images, IReadOnlyList<string> prompts, CancellationToken cancellationToken) =>
            Task.FromResult(prompts.Select((prompt, n) => 10 * prompt.Length + images[n][0] + more).ToArray());
    }
}
