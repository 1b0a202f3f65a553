using TorchSharp;
using TorchSharp.Modules;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;

namespace Rlcm.Training;

/// <summary>The Euclidean norm of all gradients together, and its limit (<c>torch.nn.utils.clip_grad_norm_</c>).</summary>
public static class GradientNorm
{
    private const double Epsilon = 1e-6; // as PyTorch, so that the coefficient never exceeds one by rounding

    /// <summary>Scales the gradients so that their norm is at most <paramref name="maximum"/>; returns the norm before.</summary>
    public static double Clip(IEnumerable<Parameter> parameters, double maximum)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Tensor[] gradients = [.. parameters.Select(parameter => parameter.grad).OfType<Tensor>()];
        if (gradients.Length == 0)
            return 0;
        var norm = stack([.. gradients.Select(gradient => gradient.norm())]).norm().ToNumber();
        var coefficient = maximum / (norm + Epsilon);
        if (coefficient < 1)
        {
            foreach (var gradient in gradients)
                gradient.mul_(Kept(coefficient));
        }

        return norm;
    }
}
