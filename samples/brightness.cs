#:project ../src/Rlcm/Rlcm.csproj
#:property PublishAot=false
// Tunes the embedded model for bright pictures: dotnet run samples/brightness.cs
using Rlcm.Imaging;
using Rlcm.Rewards;
using Rlcm.Training;

var config = TrainConfigReader.Read("quick", [], ["updates=10"]);
var outcome = Tuning.Run(new Brightness(), config, "runs/brightness", new Progress<UpdateMetrics>(update =>
    Console.WriteLine($"update {update.Update}: mean brightness {update.RewardMean:f1} of 255")));
Console.WriteLine($"before {outcome?.Before.Rewards.Average():f1}, after {outcome?.After.Rewards.Average():f1}");

internal sealed class Brightness : IReward
{
    public string Name => "brightness";
    public string Unit => "grey levels";

    public Task<float[]> ScoreAsync(ImageBatch images, IReadOnlyList<string> prompts, CancellationToken cancellationToken) =>
        Task.FromResult(Enumerable.Range(0, images.Count).Select(n => (float)images[n].ToArray().Average(value => value)).ToArray());
}
