using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Rlcm.Runtime;

namespace Rlcm.Training;

/// <summary>A part of a weighted sum of rewards, as configurations name it.</summary>
/// <param name="Task">The reward: a value of <see cref="TrainConfig.Task"/>.</param>
/// <param name="Weight">Its weight; negative where the reward is to be kept low.</param>
/// <param name="Min">Scores below count as this; null: no limit.</param>
/// <param name="Max">Scores above count as this; null: no limit.</param>
public sealed partial record RewardWeight(string Task, double Weight, double? Min = null, double? Max = null)
{
    /// <summary>What a list of parts looks like, as the object of "expected".</summary>
    internal const string Expected = """a list of rewards and weights, such as compression=1,clip-score=-0.5:0.1..0.4, or in JSON [{ "task": "compression", "weight": 1, "min": -3, "max": 0 }]""";

    private static readonly JsonSerializerOptions JsonOptions = new(StrictJson.Options(JsonNamingPolicy.CamelCase)) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow };

    /// <summary>The parts of a JSON array; null where it is none of them.</summary>
    internal static RewardWeight[]? Read(JsonElement json)
    {
        try
        {
            var parts = json.Deserialize<RewardWeight[]>(JsonOptions);
            return parts?.Length > 0 && parts.All(part => part is not null && part.Task is not null && IsFinite(part)) ? parts : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The parts of a text such as <c>compression=1,clip-score=-0.5:0.1..0.4</c>; null where it is none of them.</summary>
    internal static RewardWeight[]? Read(string text)
    {
        var matches = text.Split(',', StringSplitOptions.TrimEntries).Select(part => PartOfText().Match(part)).ToArray();
        if (!matches.All(match => match.Success))
            return null;
        RewardWeight[] parts = [.. matches.Select(match => new RewardWeight(match.Groups["task"].Value, Number(match.Groups["weight"]) ?? double.NaN, Number(match.Groups["min"]), Number(match.Groups["max"])))];
        return parts.All(IsFinite) ? parts : null;
    }

    private static bool IsFinite(RewardWeight part) => double.IsFinite(part.Weight) && double.IsFinite(part.Min ?? 0) && double.IsFinite(part.Max ?? 0);

    private static double? Number(Group group) => group.Length == 0 ? null
        : double.TryParse(group.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : double.NaN;

    private const string AnyNumber = @"[-+]?([0-9]*\.)?[0-9]+([eE][-+]?[0-9]+)?";

    [GeneratedRegex($@"^(?<task>[a-z-]+)\s*=\s*(?<weight>{AnyNumber})(:(?<min>{AnyNumber})?\.\.(?<max>{AnyNumber})?)?$", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex PartOfText();
}
