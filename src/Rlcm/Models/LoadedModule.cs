using static TorchSharp.torch;

namespace Rlcm.Models;

/// <summary>What is done to a network once its weights are loaded.</summary>
internal static class LoadedModule
{
    /// <summary>Makes <paramref name="network"/> one that computes and is not trained, whose weights belong to it and to no dispose scope.</summary>
    public static void Freeze(this nn.Module network)
    {
        network.eval();
        foreach (var parameter in network.parameters())
        {
            parameter.requires_grad = false;
            parameter.DetachFromDisposeScope();
        }
    }
}
