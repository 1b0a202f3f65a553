#:project ../src/Rlcm/Rlcm.csproj
#:property PublishAot=false
// Tunes the embedded model for red pictures: dotnet run samples/redness.cs
using Rlcm.Imaging;
using Rlcm.Rewards;
using Rlcm.Training;

var outcome = Tuning.Run(new Redness(), TrainConfigReader.Read("quick", [], ["updates=10"]), "runs/redness", new Progress<UpdateMetrics>(update =>
    Console.WriteLine($"update {update.Update}: mean redness {update.RewardMean:f1}")));
Console.WriteLine($"before {outcome?.Before.Rewards.Average():f1}, after {outcome?.After.Rewards.Average():f1}");

internal sealed class Redness : IReward
{
    public string Name => "redness";
    public string Unit => "grey levels";

    public Task<float[]> ScoreAsync(ImageBatch images, IReadOnlyList<string> prompts, CancellationToken cancellationToken) =>
        Task.FromResult(Enumerable.Range(0, images.Count).Select(n => Mean(images[n], 0) - (Mean(images[n], 1) + Mean(images[n], 2)) / 2).ToArray());

    private static float Mean(ReadOnlySpan<byte> rgb, int channel) => rgb.ToArray().Chunk(3).Average(pixel => (float)pixel[channel]);
}
