using Rlcm.Models.Lora;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlcm.Models.Layers;

/// <summary>
/// A part of a network whose activations are not kept for the backward pass but computed a second time there (Chen et al. 2016, "Training
/// Deep Nets with Sublinear Memory Cost"): memory of one part at a time instead of all, for one more forward pass.
/// </summary>
internal static class GradientCheckpoint
{
    /// <summary><paramref name="forward"/> of <paramref name="x"/> and <paramref name="condition"/>; the same numbers and, but for rounding, the same gradients.</summary>
    /// <param name="part">The part, whose weights or adapters are trained.</param>
    /// <param name="forward">What it computes; nothing random.</param>
    /// <param name="x">Its input.</param>
    /// <param name="condition">Its second input.</param>
    public static Tensor Run(nn.Module part, Func<Tensor, Tensor, Tensor> forward, Tensor x, Tensor condition)
    {
        if (!is_grad_enabled())
            return forward(x, condition);
        var adapters = part.modules().OfType<LoraLayer>().SelectMany(layer => layer.AdapterWeights());
        var weights = part.parameters().Where(weight => weight.requires_grad);
        return Recomputed.apply([forward, x, condition, .. adapters, .. weights]);
    }

    /// <summary>forward(function, x, condition, the weights that are trained...); these are inputs so that they get gradients.</summary>
    private sealed class Recomputed : autograd.SingleTensorFunction<Recomputed>
    {
        private const string Function = "forward";

        [ThreadStatic]
        private static List<Tensor>? t_returned; // as large as feature maps; native code has references of its own by the next call

        public override string Name => nameof(GradientCheckpoint);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            ctx.save_data(Function, vars[0]);
            ctx.save_for_backward([.. vars.Skip(1).Cast<Tensor>()]);
            return ((Func<Tensor, Tensor, Tensor>)vars[0])((Tensor)vars[1], (Tensor)vars[2]);
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            t_returned?.ForEach(gradient => gradient?.Dispose());
            using var scope = NewDisposeScope();
            using var grad = enable_grad();
            var saved = ctx.get_saved_variables();
            Tensor[] inputs = [.. saved.Take(2).Select(input => input.detach().requires_grad_(input.requires_grad)), .. saved.Skip(2)];
            var output = ((Func<Tensor, Tensor, Tensor>)ctx.get_data(Function))(inputs[0], inputs[1]);
            Tensor[] wanted = [.. inputs.Where(input => input.requires_grad)];
            var found = new Queue<Tensor>(autograd.grad([output], wanted, [grad_output]));
            List<Tensor> gradients = [null!, .. inputs.Select(input => input.requires_grad ? found.Dequeue().MoveToOuterDisposeScope() : null!)];
            t_returned = gradients;
            grad_output.Dispose();
            return gradients;
        }
    }
}
