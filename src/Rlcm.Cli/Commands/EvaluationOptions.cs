using System.CommandLine;
using Rlcm.Prompts;
using Rlcm.Runtime;

namespace Rlcm.Cli.Commands;

/// <summary>The options of every evaluation.</summary>
internal sealed class EvaluationOptions
{
    private readonly Option<string?> _prompts = new("--prompts") { Description = $"With --rewards, prompts of the pictures [default: {RewardEvaluation.DefaultPrompts}]; without, those whose JPEG sizes are compared with the gallery's [default: {QualityEvaluation.DefaultPrompts}]", HelpName = "FILE" };
    private readonly Option<double?> _guidance = new("--guidance") { Description = "Guidance scale [default: the model's recommendation]", HelpName = "G" };
    private readonly ThreadsOption _threads = new();

    /// <summary>The model.</summary>
    public ModelOptions Model { get; } = new("Model");

    /// <summary>The adapters.</summary>
    public AdaptersOption Adapters { get; } = new("Measure it with this adapter");

    /// <summary>The numbers of steps.</summary>
    public StepsOption Steps { get; } = new();

    /// <summary>Where files go.</summary>
    public Option<string?> Output { get; } = new("--output") { Description = "With --rewards, new folder for results.json, results.csv, results.md, plot.png and grid.png; without, F.png: contact sheet of the last number of steps, animal by animal", HelpName = "PATH" };

    /// <summary>Those of models that draw.</summary>
    public IEnumerable<Option> OfPictures => [Adapters, _prompts, Steps, _guidance, Output];

    /// <summary>Adds those of the pictures to <paramref name="command"/>.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[Adapters, _prompts, Steps, _guidance, Output, _threads])
            command.Add(option);
        Model.AddTo(command);
    }

    /// <summary>The prompts of the file that was given or of <paramref name="shipped"/>.</summary>
    /// <exception cref="UserErrorException">It is missing or no file of prompts.</exception>
    public IReadOnlyList<string> Prompts(ParseResult arguments, string shipped) => PromptFile.Read(ShippedFiles.Require(PromptsFile(arguments, shipped), "the prompts"));

    /// <summary>What the file of the prompts is called.</summary>
    public string PromptsFile(ParseResult arguments, string shipped) => arguments.GetValue(_prompts) ?? shipped;

    /// <summary>The guidance scale that was given.</summary>
    /// <exception cref="UserErrorException">It is below 1.</exception>
    public double? Guidance(ParseResult arguments) => arguments.Checked(_guidance, number => number >= 1, OptionChecks.Scale);

    /// <summary>Sets the number of threads.</summary>
    public void ApplyThreads(ParseResult arguments) => _threads.Apply(arguments);
}
