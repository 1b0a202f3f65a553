using System.CommandLine;
using Rlcm.Runtime;

namespace Rlcm.Cli.Commands;

/// <summary>Checks values of options before any work starts.</summary>
internal static class OptionChecks
{
    /// <summary>What a number of things has to be.</summary>
    public const string Count = "a whole number of at least 1";

    /// <summary>What a number of sampling steps has to be.</summary>
    public const string Steps = "a whole number of at least 1 and at most 50, the steps that models were distilled on";

    /// <summary>What height and width of a picture have to be.</summary>
    public const string Side = "a multiple of 8 of at least 8 and at most 4096";

    /// <summary>What a guidance scale has to be.</summary>
    public const string Scale = "a number of at least 1, which is no guidance";

    /// <summary>Whether <paramref name="pixels"/> is as <see cref="Side"/> says.</summary>
    public static bool IsSide(int? pixels) => pixels is >= 8 and <= 4096 && pixels % 8 == 0;

    /// <summary>Whether <paramref name="option"/> stands in the command line.</summary>
    public static bool IsGiven(this ParseResult arguments, Option option) => arguments.GetResult(option) is { Implicit: false };

    /// <summary>The value of <paramref name="option"/>, which is as <paramref name="expected"/> says; the default where it was not given.</summary>
    /// <exception cref="UserErrorException"><paramref name="holds"/> is false for it.</exception>
    public static T Checked<T>(this ParseResult arguments, Option<T> option, Predicate<T> holds, string expected)
    {
        var value = arguments.GetValue(option);
        return value is null || holds(value) ? value! : throw new UserErrorException($"{option.Name}: expected {expected}, found {value}.");
    }

    /// <summary>What the name given for <paramref name="option"/> stands for.</summary>
    /// <exception cref="UserErrorException">It is none of <paramref name="names"/>.</exception>
    public static T OneOf<T>(this ParseResult arguments, Option<string> option, IReadOnlyDictionary<string, T> names)
    {
        var name = arguments.GetRequiredValue(option);
        RequireOneOf(option, name, names.Keys);
        return names[name];
    }

    /// <summary>Returns where <paramref name="found"/>, given for <paramref name="option"/>, is one of <paramref name="names"/>.</summary>
    /// <exception cref="UserErrorException">It is not.</exception>
    public static void RequireOneOf(Option option, string found, IEnumerable<string> names)
    {
        if (names.Contains(found))
            return;
        var meant = NearestName.Find(found, names);
        throw new UserErrorException($"{option.Name}: expected one of {string.Join(", ", names)}, found {found}{(meant is null ? "." : $"; did you mean {meant}?")}");
    }

    /// <summary>Returns where <paramref name="values"/>, given for <paramref name="option"/>, are all different.</summary>
    /// <exception cref="UserErrorException">One is there twice.</exception>
    public static void RequireDistinct<T>(Option option, IReadOnlyList<T> values)
    {
        if (values.GroupBy(value => value).FirstOrDefault(group => group.Count() > 1) is { } again)
            throw new UserErrorException($"{option.Name}: expected every value once, found {again.Key} again; leave one out.");
    }
}
