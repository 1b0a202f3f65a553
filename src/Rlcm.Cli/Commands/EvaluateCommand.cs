using System.CommandLine;
using Rlcm.Runtime;

namespace Rlcm.Cli.Commands;

/// <summary><c>rlcm evaluate</c>: with <c>--rewards</c> what adapters do to rewards, otherwise the quality figures of a model of emoji.</summary>
internal static class EvaluateCommand
{
    public static Command Create(Terminal terminal)
    {
        var options = new EvaluationOptions();
        var rewards = new RewardEvaluation(options);
        var quality = new QualityEvaluation(options);
        var command = new DocumentedCommand(
            "evaluate",
            "With --rewards: compares a model and its adapters by rewards and diversity on held-out prompts. "
            + "Without: measures a model of emoji by its gallery: reconstruction, recognized share, diversity, JPEG size; a CLIP model by the animals it knows.",
            "rlcm evaluate --adapter runs/small/adapter --rewards compression --output table",
            "rlcm evaluate --adapter A --adapter B --rewards compression,clip-score --clip-model DIR --steps 1,2,4,8 --samples 8",
            "rlcm evaluate --model models/emoji-lcm",
            "rlcm evaluate --model models/emoji-teacher --guidance 3",
            "rlcm evaluate --model models/emoji-clip",
            "rlcm evaluate --adapter runs/small/adapter --steps 4 --output sheet.png");
        foreach (var option in (IEnumerable<Option>)[rewards.Rewards, .. rewards.Others, .. quality.Options])
            command.Add(option);
        options.AddTo(command);
        command.SetAction((arguments, stop) =>
        {
            var byRewards = arguments.IsGiven(rewards.Rewards);
            if (byRewards)
                Refuse(arguments, quality.Options, "the measure by a gallery, found it beside --rewards; leave one of them out");
            else
                Refuse(arguments, rewards.Others, "the measure by rewards, found it without --rewards; add --rewards or leave it out");
            options.ApplyThreads(arguments);
            if (byRewards)
                rewards.Run(arguments, terminal, stop);
            else
                quality.Run(arguments, terminal, stop);
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }

    private static void Refuse(ParseResult arguments, IEnumerable<Option> options, string reason)
    {
        if (options.FirstOrDefault(option => arguments.IsGiven(option)) is { } foreign)
            throw new UserErrorException($"{foreign.Name} belongs to {reason}.");
    }
}
