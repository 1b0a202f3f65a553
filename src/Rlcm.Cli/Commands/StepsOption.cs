using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Rlcm.Runtime;

namespace Rlcm.Cli.Commands;

/// <summary><c>--steps</c> of an evaluation: several numbers, separated by commas or spaces.</summary>
internal sealed class StepsOption : Option<int[]>
{
    public StepsOption()
        : base("--steps")
    {
        Description = "Steps per picture [default: 50 for a diffusion model; 1,2,4,8 for a consistency model]";
        HelpName = "N,...";
        AllowMultipleArgumentsPerToken = true;
        CustomParser = Parse;
    }

    /// <summary>The numbers given; <paramref name="defaults"/> where there are none.</summary>
    /// <exception cref="UserErrorException">One is less than 1 or there twice.</exception>
    public IReadOnlyList<int> Read(ParseResult arguments, IReadOnlyList<int> defaults)
    {
        var chosen = arguments.GetValue(this) ?? [];
        if (chosen.Any(number => number < 1))
            throw new UserErrorException($"{Name}: expected {OptionChecks.Count}, found {chosen.Min()}.");
        OptionChecks.RequireDistinct(this, chosen);
        return chosen.Length > 0 ? chosen : defaults;
    }

    private static int[] Parse(ArgumentResult result)
    {
        var numbers = new List<int>();
        foreach (var text in result.Tokens.SelectMany(token => token.Value.Split(',')))
        {
            if (int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var number))
                numbers.Add(number);
            else
                result.AddError($"--steps: expected whole numbers, found {text}.");
        }

        return [.. numbers];
    }
}
