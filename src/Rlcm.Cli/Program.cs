using System.CommandLine;
using Rlcm.Cli.Commands;

return await new RootCommand("Reinforcement learning for text-to-image consistency models") { DatasetCommand.Create(), PretrainCommand.Create(), DistillCommand.Create(), EvaluateCommand.Create(), SampleCommand.Create() }.Parse(args).InvokeAsync();
