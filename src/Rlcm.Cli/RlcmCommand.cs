using System.CommandLine;
using System.CommandLine.Help;
using Rlcm.Cli.Commands;
using Rlcm.Cli.Libtorch;

namespace Rlcm.Cli;

/// <summary>The root command.</summary>
internal static class RlcmCommand
{
    /// <summary>The command with all its sub-commands.</summary>
    public static Command Create(Terminal terminal)
    {
        var help = new HelpOption("--help", "-h") { Description = "Show this help" };
        help.Action = new HelpWithExamples();
        var root = new DocumentedCommand(
            "rlcm",
            "Fine-tunes text-to-image consistency models for a reward (RLCM, Oertell et al. 2024).",
            "rlcm train                              tune the embedded model for small JPEG files",
            "rlcm train --task incompression         tune it for large ones",
            "rlcm sample --prompt 'a red fox' --output fox.png",
            "rlcm train --help                       every option of a command")
        {
            TrainCommand.Create(terminal),
            SampleCommand.Create(terminal),
            EvaluateCommand.Create(terminal),
            CompareCommand.Create(terminal),
            InspectCommand.Create(terminal),
            ExportCommand.Create(terminal),
            BenchCommand.Create(terminal),
            ReproduceCommand.Create(terminal),
            DatasetCommand.Create(terminal),
            PretrainCommand.Create(terminal),
            DistillCommand.Create(terminal),
            ProbeLibtorchCommand.Create(terminal),
            new LibtorchOption(terminal),
            help,
            new VersionOption("--version") { Description = "Show the version" },
        };
        root.SetAction(arguments => new HelpWithExamples().Invoke(arguments));
        return root;
    }
}
