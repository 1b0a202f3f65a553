using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Rlcm.Training;

/// <summary>
/// Adam without weight decay (Kingma &amp; Ba 2015, algorithm 1; as <c>torch.optim.Adam</c>). Its whole state is open, so that a checkpoint can hold it.
/// </summary>
public sealed class Adam : IDisposable
{
    private readonly record struct Slot(string Name, Parameter Parameter, Tensor FirstMoment, Tensor SecondMoment);

    private readonly Slot[] _slots;

    /// <param name="parameters">What to optimize, under the names its state gets in checkpoints; already on their device.</param>
    /// <param name="learningRate">Step size.</param>
    public Adam(IEnumerable<(string Name, Parameter Parameter)> parameters, double learningRate)
    {
        LearningRate = learningRate;
        _slots = [.. parameters.Select(entry => new Slot(
            entry.Name,
            entry.Parameter,
            zeros_like(entry.Parameter).DetachFromDisposeScope(),
            zeros_like(entry.Parameter).DetachFromDisposeScope()))];
    }

    /// <summary>Step size of the next step.</summary>
    public double LearningRate { get; set; }

    /// <summary>Decay of the first moment.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of the second moment.</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>Added to the root of the second moment.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Steps taken so far.</summary>
    public long StepCount { get; private set; }

    /// <summary>The parameters, in the order given.</summary>
    public IEnumerable<Parameter> Parameters => _slots.Select(slot => slot.Parameter);

    /// <summary>Takes one step along the gradients; parameters without a gradient stay where they are.</summary>
    public void Step()
    {
        StepCount++;
        var correction1 = 1 - Math.Pow(Beta1, StepCount);
        var correction2 = Math.Sqrt(1 - Math.Pow(Beta2, StepCount));
        using var noGrad = no_grad();
        foreach (var slot in _slots)
        {
            using var scope = NewDisposeScope();
            if (slot.Parameter.grad is not { } gradient)
                continue;
            slot.FirstMoment.mul_(Beta1).add_(gradient, 1 - Beta1);
            slot.SecondMoment.mul_(Beta2).addcmul_(gradient, gradient, 1 - Beta2);
            var denominator = slot.SecondMoment.sqrt().div_(correction2).add_(Epsilon);
            slot.Parameter.addcdiv_(slot.FirstMoment, denominator, -LearningRate / correction1);
        }
    }

    /// <summary>Clears all gradients.</summary>
    public void ZeroGrad()
    {
        using var scope = NewDisposeScope();
        foreach (var slot in _slots)
            slot.Parameter.grad?.zero_();
    }

    /// <summary>The moments, live, under <c>adam.exp_avg.NAME</c> and <c>adam.exp_avg_sq.NAME</c>.</summary>
    public IEnumerable<(string Key, Tensor Value)> State() => _slots.SelectMany(slot => (IEnumerable<(string, Tensor)>)
        [($"adam.exp_avg.{slot.Name}", slot.FirstMoment), ($"adam.exp_avg_sq.{slot.Name}", slot.SecondMoment)]);

    /// <summary>Continues from the moments that <paramref name="read"/> returns for the keys of <see cref="State"/> and from that step count.</summary>
    public void Restore(Func<string, Tensor> read, long stepCount)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        foreach (var (key, value) in State())
            value.copy_(read(key));

        StepCount = stepCount;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var slot in _slots)
        {
            slot.FirstMoment.Dispose();
            slot.SecondMoment.Dispose();
        }
    }
}
