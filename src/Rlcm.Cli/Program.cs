using Rlcm.Cli;

using var stop = new StopSignal(Console.Error);
return await Application.RunAsync(args, Terminal.System, stop.Token);
