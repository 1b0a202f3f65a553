using System.Diagnostics;
using Rlcm.Runtime;
using TorchSharp;
using Xunit;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;

namespace Rlcm.Tests.Runtime;

/// <summary>Runs alone: collections that it causes take scalars from tests that write <c>2 * x</c>.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Litter
{
    public const string Name = "litter";
}

[Collection(Litter.Name)]
public sealed class KeptScalarTests
{
    /// <summary>Without <see cref="KeptScalar"/> some hundred operations were enough to fail.</summary>
    [Fact, NoTensorLeaks]
    public void Collections_of_other_threads_take_no_number_from_an_operation()
    {
        using var scope = NewDisposeScope();
        var tensor = ones(64, 3, 64, 64);
        Littered(i => Assert.Equal(i + 0.5, (tensor / Kept(2)).Plus(Kept((long)i))[0, 0, 0, 0].ToNumber()));
    }

    /// <summary>The sum of two tensors, as TorchSharp writes it, failed within a second.</summary>
    [Fact, NoTensorLeaks]
    public void Collections_of_other_threads_take_no_number_from_within_a_sum()
    {
        using var scope = NewDisposeScope();
        var tensor = ones(4, 4);
        Littered(_ => Assert.Equal(3, tensor.Plus(tensor.Squared()).Plus(tensor)[3, 3].ToNumber()));
    }

    private static void Littered(Action<int> operation)
    {
        var ended = false;
        var littering = new Thread(() =>
        {
            while (!Volatile.Read(ref ended))
                GC.KeepAlive(new byte[2000]);
        });
        littering.Start();
        try
        {
            var clock = Stopwatch.StartNew();
            for (var i = 0; clock.Elapsed < TimeSpan.FromSeconds(2); i++)
            {
                using var inner = NewDisposeScope();
                operation(i);
            }
        }
        finally
        {
            Volatile.Write(ref ended, true);
            littering.Join();
        }
    }

    [Fact]
    public void Scalars_of_an_expression_live_and_older_ones_are_freed()
    {
        var first = Kept(1.5);
        Assert.Equal(1.5, first.ToDouble());
        var later = Enumerable.Range(0, 63).Select(i => Kept((double)i)).ToArray();
        Assert.Equal(1.5, first.ToDouble());
        Assert.Equal(Enumerable.Range(0, 63).Select(i => (double)i), later.Select(scalar => scalar.ToDouble()));
        Kept(64);
        Assert.Throws<InvalidOperationException>(() => first.ToDouble());
        Assert.Equal(0, later[0].ToDouble());
    }
}
