using Rlcm.Evaluation;
using Rlcm.Imaging;
using Rlcm.Rewards;
using Rlcm.Runtime;
using Xunit;

namespace Rlcm.Tests.Rewards;

public sealed class RecognizedRewardTests
{
    private static readonly Gallery Gallery = Gallery.Read(ShippedFiles.Require("models/emoji-lcm/gallery", "the gallery"));
    private readonly RecognizedReward _reward = new(new(Gallery));

    [Fact]
    public async Task It_is_one_where_the_nearest_picture_shows_what_the_prompt_names()
    {
        var fox = Gallery.Entries.Index().First(entry => entry.Item.Shows == "fox").Index;
        var pictures = ImageBatch.Concatenate([.. Enumerable.Repeat(new ImageBatch(Gallery.Pictures[fox].ToArray(), 1, 64, 64), 4)]);
        string[] prompts = ["a fox", "a flat fox riding a bike", "a bear and a fox", "a wolf playing chess"];
        Assert.Equal((float[])[1, 1, 1, 0], await _reward.ScoreAsync(pictures, prompts, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Prompts_without_an_animal_and_pictures_of_another_size_are_refused()
    {
        var picture = new ImageBatch(Gallery.Pictures[0].ToArray(), 1, 64, 64);
        var error = await Assert.ThrowsAsync<UserErrorException>(() => _reward.ScoreAsync(picture, ["a foxglove"], TestContext.Current.CancellationToken));
        Assert.Contains("expected a prompt that names one of the 45 animals, found 'a foxglove'; ", error.Message, StringComparison.Ordinal);
        error = await Assert.ThrowsAsync<UserErrorException>(() => _reward.ScoreAsync(new(new byte[32 * 32 * 3], 1, 32, 32), ["a fox"], TestContext.Current.CancellationToken));
        Assert.Contains("expected pictures of 64x64, those of the gallery, found 32x32; ", error.Message, StringComparison.Ordinal);
    }
}
