#:project ../src/Rlcm/Rlcm.csproj
#:property PublishAot=false
// What a reward of one second a batch costs a run whose batches take longer to draw: dotnet run -c Release eng/slow-reward.cs
using Rlcm.Imaging;
using Rlcm.Rewards;
using Rlcm.Training;

var config = TrainConfigReader.Read("quick", [], ["updates=2", "imagesPerUpdate=512", "samplingBatch=128", "evaluateEvery=100"]);
var seconds = new Dictionary<bool, double>();
foreach (var (index, isSlow) in ((bool[])[false, true, true, false]).Index())
{
    double spent = 0;
    var folder = Directory.CreateTempSubdirectory("rlcm-slow-");
    try
    {
        Tuning.Run(new Patient(isSlow ? TimeSpan.FromSeconds(1) : TimeSpan.Zero), config, Path.Combine(folder.FullName, "run"), new Synchronous(update => spent = update.Seconds));
    }
    finally
    {
        folder.Delete(recursive: true);
    }

    seconds[isSlow] = seconds.GetValueOrDefault(isSlow) + spent;
    Console.WriteLine($"run {index + 1}: {(isSlow ? "1 s" : "0 s")} a batch, {spent:f1} s for {config.Updates} updates of {config.ImagesPerUpdate / config.SamplingBatch} batches");
}

var late = 2.0 * config.Updates;
Console.WriteLine($"with 1 s a batch {seconds[true] / seconds[false]:f2} times as long; one after another it would be {(seconds[false] + late * config.ImagesPerUpdate / config.SamplingBatch) / seconds[false]:f2}, with the last batch of each update alone {(seconds[false] + late) / seconds[false]:f2}");

sealed class Patient(TimeSpan wait) : IReward
{
    public string Name => "patient";

    public string Unit => "points";

    public async Task<float[]> ScoreAsync(ImageBatch images, IReadOnlyList<string> prompts, CancellationToken cancellationToken)
    {
        await Task.Delay(wait, cancellationToken);
        return [.. Enumerable.Range(0, images.Count).Select(n => (float)images[n][0])];
    }
}

sealed class Synchronous(Action<UpdateMetrics> tell) : IProgress<UpdateMetrics>
{
    public void Report(UpdateMetrics value) => tell(value);
}
