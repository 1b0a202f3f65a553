using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Rlcm.Training;

/// <summary>
/// Moves parameters and their gradients into two flat tensors, of which they are views from then on: optimizers and norms then take a
/// few operations instead of a few per parameter (8 times faster than tensor by tensor for a U-Net of 7 M on two cores).
/// </summary>
/// <remarks>Modules see the same parameters with the same strides; an alias of a parameter taken before keeps the old memory.</remarks>
internal sealed class FlatParameters : IDisposable
{
    private readonly Tensor[] _gradientViews;

    /// <param name="parameters">Distinct parameters of one type on one device.</param>
    /// <exception cref="ArgumentException">There are none, or they differ in type or device.</exception>
    public FlatParameters(IEnumerable<(string Name, Parameter Parameter)> parameters)
    {
        Entries = [.. parameters.Select(entry => (entry.Name, entry.Parameter))];
        if (Entries.Count == 0)
            throw new ArgumentException("There are no parameters to optimize.", nameof(parameters));
        var first = Entries[0].Parameter;
        foreach (var (name, parameter) in Entries)
        {
            if (parameter.dtype != first.dtype || parameter.device.ToString() != first.device.ToString())
                throw new ArgumentException($"Parameter {name} is {parameter.dtype} on {parameter.device}, expected {first.dtype} on {first.device}.", nameof(parameters));
        }

        using var noGrad = no_grad();
        Values = Allocate();
        Gradients = Allocate();
        _gradientViews = Views(Gradients);
        foreach (var ((_, parameter), view) in Entries.Zip(Views(Values)))
        {
            using (view)
            {
                view.copy_(parameter);
                parameter.set_(view);
            }
        }

        CollectGradients();
    }

    /// <summary>The parameters in the order given.</summary>
    public IReadOnlyList<(string Name, Parameter Parameter)> Entries { get; }

    /// <summary>All parameters, [n].</summary>
    public Tensor Values { get; }

    /// <summary>All gradients, [n], up to date after <see cref="CollectGradients"/>.</summary>
    public Tensor Gradients { get; }

    /// <summary>A zeroed tensor of the length of <see cref="Values"/>, outside all dispose scopes.</summary>
    public Tensor Allocate() =>
        zeros(Entries.Sum(entry => entry.Parameter.numel()), Entries[0].Parameter.dtype, Entries[0].Parameter.device).DetachFromDisposeScope();

    /// <summary>Views of <paramref name="flat"/> with the shapes and strides of the parameters, outside all dispose scopes.</summary>
    public Tensor[] Views(Tensor flat)
    {
        var views = new Tensor[Entries.Count];
        long offset = 0;
        for (var i = 0; i < views.Length; i++)
        {
            var parameter = Entries[i].Parameter;
            views[i] = flat.as_strided(parameter.shape, DenseStrides(parameter), offset).DetachFromDisposeScope();
            offset += parameter.numel();
        }

        return views;
    }

    /// <summary>
    /// Brings in gradients that live elsewhere because somebody else cleared or set them; parameters without one get zeros.
    /// </summary>
    public void CollectGradients()
    {
        using var scope = NewDisposeScope(); // zero_ returns a handle of its own
        using var noGrad = no_grad();
        for (var i = 0; i < _gradientViews.Length; i++)
        {
            var parameter = Entries[i].Parameter;
            using var gradient = parameter.grad;
            if (gradient is null)
                _gradientViews[i].zero_();
            else
                _gradientViews[i].copy_(gradient); // returns at once when it is this very tensor
            parameter.grad = _gradientViews[i];
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var view in _gradientViews)
            view.Dispose();
        Gradients.Dispose();
        Values.Dispose();
    }

    /// <summary>The strides of <paramref name="parameter"/> if they fill its memory, such as channels-last; otherwise row by row.</summary>
    private static long[] DenseStrides(Parameter parameter)
    {
        var (shape, strides) = (parameter.shape, parameter.stride());
        var reach = 1 + shape.Zip(strides, (size, stride) => (size - 1) * stride).Sum();
        if (reach == parameter.numel())
            return strides;
        for (var (i, next) = (shape.Length - 1, 1L); i >= 0; next *= shape[i--])
            strides[i] = next;
        return strides;
    }
}
