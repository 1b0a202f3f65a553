using Rlcm.Datasets;
using Rlcm.Evaluation;
using Rlcm.Imaging;
using Rlcm.Models.Clip;
using Rlcm.Rewards;
using Rlcm.Runtime;
using Xunit;

namespace Rlcm.Tests.Evaluation;

/// <summary>The CLIP model that comes with the project, and how it is measured.</summary>
public sealed class AnimalRetrievalTests : IDisposable
{
    private static readonly Gallery Gallery = Gallery.Read(ShippedFiles.Require("models/emoji-lcm/gallery", "the gallery"));

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_embedded_model_knows_more_than_half_of_the_drawings_that_it_never_saw()
    {
        using var clip = Embedded();
        var retrieval = AnimalRetrieval.Measure(clip, Gallery);
        Assert.Equal(AnimalTable.Words, retrieval.Drawings.Select(drawing => drawing.Animal));
        Assert.Equal(45, retrieval.ByVendor.Sum(vendor => vendor.All));
        Assert.Equal(retrieval.Top1 * 45, retrieval.ByVendor.Sum(vendor => vendor.Right), 1e-9);
        Assert.Equal(["fluent", "noto", "twemoji"], retrieval.ByVendor.Select(vendor => vendor.Vendor));
        Assert.InRange(retrieval.Top1, 0.5, 1); // by chance 0.02
    }

    [Fact]
    public void A_model_of_random_weights_knows_next_to_nothing()
    {
        using var clip = ClipFolder.Load(TinyClip.Write(_folder["clip"]), withTexts: true);
        Assert.InRange(AnimalRetrieval.Measure(clip, Gallery).Top1, 0, 0.2);
    }

    [Fact]
    public void A_gallery_without_the_drawings_is_refused()
    {
        using var clip = Embedded();
        var one = new Gallery([Gallery.Entries[0]], new ImageBatch(Gallery.Pictures[0].ToArray(), 1, 64, 64));
        Assert.Contains("expected every drawing of the 45 animals", Assert.Throws<UserErrorException>(() => AnimalRetrieval.Measure(clip, one)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_head_knows_the_style_of_half_of_the_drawings()
    {
        string[] styles = [.. EmojiVendor.All.Select(vendor => vendor.Style)];
        var scores = new List<float[]>();
        foreach (var style in styles)
        {
            using var reward = StyleReward.Load(ShippedFiles.Require(RewardFactory.EmbeddedClip, "the CLIP model"), style);
            scores.Add(await reward.ScoreAsync(Gallery.Pictures, [.. Gallery.Entries.Select(entry => entry.Text)], TestContext.Current.CancellationToken));
        }

        var right = Gallery.Entries.Index().Count(entry => styles[Enumerable.Range(0, styles.Length).MaxBy(style => scores[style][entry.Index])] == entry.Item.Style);
        Assert.InRange(right / (double)Gallery.Entries.Count, 0.5, 1); // by chance 0.25
    }

    private static ClipFolder Embedded() => ClipFolder.Load(ShippedFiles.Require(RewardFactory.EmbeddedClip, "the CLIP model"), withTexts: true);
}
