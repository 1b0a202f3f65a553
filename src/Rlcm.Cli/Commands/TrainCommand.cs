using System.CommandLine;
using Rlcm.Models;

namespace Rlcm.Cli.Commands;

/// <summary><c>rlcm train</c>: tunes a model for a reward.</summary>
internal static class TrainCommand
{
    public static Command Create(Terminal terminal)
    {
        var options = new TrainOptions();
        var command = new DocumentedCommand(
            "train",
            "Tunes a latent consistency model for a reward. Without options: the embedded model, for small JPEG files, in a few minutes. "
            + "Ctrl-C stops after the current update and leaves a usable adapter.",
            "rlcm train",
            "rlcm train --task incompression --seed 2 --output runs/large",
            "rlcm train --reward compression=1 --reward clip-score=0.5 --clip-model DIR",
            "rlcm train --config compression --download --device cuda",
            "rlcm train --set learningRate=2e-4 --set horizon=8",
            "rlcm train --resume runs/large");
        options.AddTo(command);
        command.SetAction((arguments, stop) =>
        {
            string[] commandLine = [.. arguments.Tokens.Select(token => token.Value)];
            var request = options.Read(arguments, TimeProvider.System);
            ComputeTarget.Find(request.Config.Device, request.Config.Dtype); // before gigabytes are fetched for a GPU that is not there
            options.Download.Apply(arguments, request.Config.Model, request.Quiet ? Terminal.Silent : terminal, stop);
            TrainRun.Run(request, terminal, commandLine, TimeProvider.System, stop);
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }
}
