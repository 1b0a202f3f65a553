using System.CommandLine;
using Rlcm.Cli.Commands;

return await new RootCommand("Reinforcement learning for text-to-image consistency models") { DatasetCommand.Create() }.Parse(args).InvokeAsync();
