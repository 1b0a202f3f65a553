using System.Globalization;
using Rlcm.Training;

namespace Rlcm.Cli.Reproduction;

/// <summary>A training run of a study.</summary>
/// <param name="Parts">The parts of the study that look at it; it is run once for all of them.</param>
/// <param name="Task">The reward.</param>
/// <param name="Arm">What is varied, such as <c>rlcm</c> or <c>rlcm-h8</c>: runs of one task and arm differ in their seed alone.</param>
/// <param name="Preset">The preset that it starts from.</param>
/// <param name="Sets">What it changes of that, <c>key=value</c> each.</param>
/// <param name="Seed">Its seed.</param>
internal sealed record StudyRun(IReadOnlyList<string> Parts, string Task, string Arm, string Preset, IReadOnlyList<string> Sets, ulong Seed)
{
    /// <summary>Its name and that of its folder, such as <c>compression-rlcm-h8-1</c>.</summary>
    public string Name => string.Create(CultureInfo.InvariantCulture, $"{Key}-{Seed}");

    /// <summary>What it has in common with the same run of other seeds.</summary>
    public string Key => $"{Task}-{Arm}";

    /// <summary>The name of what is measured of its model.</summary>
    public string MeasuredName => string.Create(CultureInfo.InvariantCulture, $"{Task}-{Algorithm}-{Seed}");

    /// <summary>The first word of its arm.</summary>
    public string Algorithm => Arm.Split('-')[0];

    /// <summary>Its configuration.</summary>
    /// <param name="changes">What is changed in all runs of the study, <c>key=value</c> each; they win.</param>
    /// <exception cref="Runtime.UserErrorException">Keys do not go together.</exception>
    public TrainConfig Config(IEnumerable<string> changes) =>
        TrainConfigReader.Read(Preset, [], [.. Sets, string.Create(CultureInfo.InvariantCulture, $"seed={Seed}"), .. changes]);
}
