using Rlcm.Benchmarks;
using Rlcm.Runtime;

namespace Rlcm.Cli.Reproduction;

/// <summary>How fast the updates of an arm are.</summary>
/// <param name="SecondsPerEvaluation">Seconds of a U-Net evaluation with all that an update takes beside; median of the rounds.</param>
/// <param name="SamplingEvaluations">Evaluations without gradient of a picture's training.</param>
/// <param name="TrainingEvaluations">The same with a backward pass.</param>
/// <param name="Rounds">Seconds of an evaluation in every round.</param>
internal sealed record ArmRate(double SecondsPerEvaluation, double SamplingEvaluations, double TrainingEvaluations, IReadOnlyList<double> Rounds)
{
    private const double BackwardCost = 3; // a forward and a backward pass in forward passes

    /// <summary>The rate of an arm whose updates of <paramref name="images"/> pictures took <paramref name="rounds"/>; of an even number of them the slower middle one counts.</summary>
    public static ArmRate Of(IReadOnlyList<MeasuredUpdate> rounds, int images)
    {
        double[] seconds = [.. rounds.Select(round => round.SecondsPerEvaluation)];
        return new(seconds.Order().ElementAt(seconds.Length / 2), rounds[^1].SamplingEvaluations / (double)images, rounds[^1].TrainingEvaluations / (double)images, seconds);
    }

    /// <summary>Seconds that the training on a picture takes.</summary>
    public double SecondsPerPicture => SecondsPerEvaluation * (SamplingEvaluations + TrainingEvaluations);

    /// <summary>Seconds of an evaluation without gradient, where one with its backward pass takes as long as three without.</summary>
    public double SecondsPerForward => SecondsPerPicture / (SamplingEvaluations + BackwardCost * TrainingEvaluations);
}

/// <summary>The content of <c>rates.json</c>: all arms measured by turns in one process, so that what slows the machine slows them alike.</summary>
/// <param name="Processor">The machine's.</param>
/// <param name="Cores">How many it has.</param>
/// <param name="Version">Of Rlcm.</param>
/// <param name="CommandLine">The arguments of the program.</param>
/// <param name="Arms">By <see cref="StudyRun.Key"/>.</param>
internal sealed record StudyRates(string Processor, int Cores, string Version, IReadOnlyList<string> CommandLine, IReadOnlyDictionary<string, ArmRate> Arms)
{
    /// <summary>The rates of <paramref name="folder"/>; null where they were not measured yet.</summary>
    /// <exception cref="FileContentException">The file is damaged.</exception>
    public static StudyRates? Find(StudyFolder folder) => File.Exists(folder.Rates) ? Require(StrictJsonFile.Read<StudyRates>(folder.Rates), folder.Rates) : null;

    private static StudyRates Require(StudyRates rates, string path) =>
        rates.Arms.Values.All(arm => arm is { SecondsPerEvaluation: > 0, SamplingEvaluations: > 0, Rounds.Count: > 0 }) ? rates
        : throw new FileContentException(path, position: null, $"{path}: expected rates above 0, found others; remove the file, so that they are measured again.");
}
