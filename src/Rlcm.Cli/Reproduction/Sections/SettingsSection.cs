using Rlcm.Training;

namespace Rlcm.Cli.Reproduction.Sections;

/// <summary>The settings in which what is compared differs.</summary>
internal static class SettingsSection
{
    private static readonly (string Task, string Arm, string Name)[] Columns =
    [
        ("compression", StudyDefinition.Rlcm, "RLCM"), ("alignment", StudyDefinition.Rlcm, "RLCM, alignment"), ("compression", StudyDefinition.Released, "RLCM as released"),
        ("alignment", StudyDefinition.Released, "RLCM as released, alignment"), ("compression", StudyDefinition.DdpoArm, "DDPO"),
    ];

    /// <summary>A row for each key that is not the same everywhere.</summary>
    public static string Write(ReportContext context)
    {
        (string Name, TrainConfig Config, Dictionary<string, string> Settings)[] arms =
        [
            .. from column in Columns
               let run = context.Results.Study.Runs.FirstOrDefault(run => run.Task == column.Task && run.Arm == column.Arm)
               where run is not null
               let config = run.Config(context.Changes)
               select (column.Name, config, TrainConfigReader.ToSettings(config).ToDictionary()),
        ];
        var rows = arms[0].Settings.Keys.Where(key => key != "task" && arms.Select(arm => arm.Settings[key]).Distinct(StringComparer.Ordinal).Count() > 1)
            .Select(key => (IReadOnlyList<string>)[$"`{key}`", .. arms.Select(arm => AlgorithmRules.IsUsedBy(arm.Config.Algorithm, key) ? arm.Settings[key] : MarkdownText.Nothing)]);
        return MarkdownText.Table(["", .. arms.Select(arm => arm.Name)], rows);
    }
}
