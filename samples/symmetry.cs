#:project ../src/Rlcm/Rlcm.csproj
#:property PublishAot=false
// Tunes the embedded model for pictures that are their own mirror image: dotnet run samples/symmetry.cs
using Rlcm.Imaging;
using Rlcm.Rewards;
using Rlcm.Training;

var outcome = Tuning.Run(new Symmetry(), TrainConfigReader.Read("quick", [], ["updates=10"]), "runs/symmetry", new Progress<UpdateMetrics>(update =>
    Console.WriteLine($"update {update.Update}: mean difference from the mirror image {-update.RewardMean:f2}")));
Console.WriteLine($"before {-outcome?.Before.Rewards.Average():f2}, after {-outcome?.After.Rewards.Average():f2}");

internal sealed class Symmetry : IReward
{
    public string Name => "symmetry";
    public string Unit => "grey levels";

    public Task<float[]> ScoreAsync(ImageBatch images, IReadOnlyList<string> prompts, CancellationToken cancellationToken) =>
        Task.FromResult(Enumerable.Range(0, images.Count).Select(n => -Difference(images[n].ToArray(), images.Width)).ToArray());

    private static float Difference(byte[] rgb, int width) => (float)Enumerable.Range(0, rgb.Length).Average(i =>
        Math.Abs(rgb[i] - rgb[i / (3 * width) * 3 * width + (width - 1 - i / 3 % width) * 3 + i % 3]));
}
