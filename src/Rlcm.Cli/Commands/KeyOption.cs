using System.CommandLine;
using System.Text.Json;
using Rlcm.Training;

namespace Rlcm.Cli.Commands;

/// <summary>An option that stands for a key of the configuration. Its value stays text here: the reader of configurations checks it.</summary>
internal sealed class KeyOption : Option<string>
{
    /// <param name="key">The key, such as <c>clipModel</c>, from which the option's name is made.</param>
    /// <param name="value">What it takes, for the help.</param>
    /// <param name="description">What it does, for the help.</param>
    public KeyOption(string key, string value, string description)
        : base($"--{JsonNamingPolicy.KebabCaseLower.ConvertName(key)}")
    {
        Key = key;
        Description = description;
        HelpName = value;
    }

    /// <summary>The key, such as <c>clipModel</c>.</summary>
    public string Key { get; }

    /// <summary>Those of <paramref name="options"/> that stand in the command line, for the reader of configurations.</summary>
    public static IReadOnlyList<TrainConfigFlag> Given(IEnumerable<KeyOption> options, ParseResult arguments) =>
        [.. options.Where(option => arguments.IsGiven(option)).Select(option => new TrainConfigFlag(option.Name, option.Key, arguments.GetValue(option)!))];
}
