#:project ../src/Rlcm/Rlcm.csproj
#:property PublishAot=false
// Tunes the embedded model for small WebP files, by the codec that the library carries: dotnet run samples/webp.cs
using Rlcm.Imaging;
using Rlcm.Rewards;
using Rlcm.Training;
using SkiaSharp;

var outcome = Tuning.Run(new WebpSize(), TrainConfigReader.Read("quick", [], ["updates=10"]), "runs/webp", new Progress<UpdateMetrics>(update =>
    Console.WriteLine($"update {update.Update}: mean size {-update.RewardMean:f3} kB")));
Console.WriteLine($"before {-outcome?.Before.Rewards.Average():f3} kB, after {-outcome?.After.Rewards.Average():f3} kB");

internal sealed class WebpSize : IReward
{
    public string Name => "webp-size";
    public string Unit => "kB";

    public Task<float[]> ScoreAsync(ImageBatch images, IReadOnlyList<string> prompts, CancellationToken cancellationToken) =>
        Task.FromResult(Enumerable.Range(0, images.Count).AsParallel().AsOrdered().Select(n =>
        {
            SKColor[] pixels = [.. images[n].ToArray().Chunk(3).Select(rgb => new SKColor(rgb[0], rgb[1], rgb[2]))];
            using var bitmap = new SKBitmap(images.Width, images.Height, isOpaque: true) { Pixels = pixels };
            return -bitmap.Encode(SKEncodedImageFormat.Webp, quality: 80).Size / 1000f;
        }).ToArray());
}
