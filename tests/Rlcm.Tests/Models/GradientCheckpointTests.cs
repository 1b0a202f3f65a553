using Rlcm.Models.Layers;
using Rlcm.Models.Lora;
using Rlcm.Models.Unet;
using Rlcm.Pretraining;
using Rlcm.Runtime;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Models;

public sealed class GradientCheckpointTests
{
    [Theory, NoTensorLeaks]
    [InlineData("to_q", "to_k", "to_v", "to_out.0")]
    [InlineData("conv1", "time_emb_proj", "linear_1")] // the condition needs a gradient, too
    [InlineData("conv_in", "conv_out", "proj_in")]
    public void Gradients_are_those_of_the_plain_path(params string[] targets)
    {
        using var scope = NewDisposeScope();
        using var unet = new UNet2DConditionModel(TinyModels.Unet(guided: true));
        WeightInitializer.Initialize(unet, seed: 1);
        foreach (var parameter in unet.parameters())
            parameter.requires_grad = false;
        using var adapters = LoraAdapters.Create(unet, targets, rank: 2, alpha: 4, seed: 1);
        using (no_grad())
        {
            foreach (var (item, index) in adapters.Items.Select((item, index) => (item, index)))
                item.B.copy_(Normal(10 + index, item.B.shape) * 0.1f); // as B is zero at first, A would have no gradient
        }

        var input = new UNetInput(Normal(0, 2, 4, 6, 4), tensor([999L, 19L]), Normal(1, 2, 8, 8), Normal(2, 2, 16));

        var plain = Gradients(unet, adapters, input);
        unet.GradientCheckpointing = true;
        var recomputed = Gradients(unet, adapters, input);
        Assert.Equal(adapters.Parameters().Count(), recomputed.Length);
        Assert.All(plain.Zip(recomputed), pair =>
        {
            var norm = pair.First.norm().ToDouble();
            Assert.True(norm > 1e-8);
            Assert.InRange((pair.First - pair.Second).norm().ToDouble(), 0, 1e-6 * norm);
        });
    }

    [Fact, NoTensorLeaks]
    public void A_part_is_computed_again_in_the_backward_pass_and_only_there()
    {
        using var scope = NewDisposeScope();
        using var part = nn.Identity();
        var calls = 0;
        Tensor Forward(Tensor x, Tensor condition)
        {
            calls++;
            return x * x * condition;
        }

        var x = tensor([2f, 3f], requires_grad: true);
        var condition = tensor([5f, 7f]);
        using (no_grad())
            Assert.Equal([20f, 63f], GradientCheckpoint.Run(part, Forward, x, condition).data<float>().ToArray());
        Assert.Equal(1, calls);
        var y = GradientCheckpoint.Run(part, Forward, x, condition);
        Assert.Equal(2, calls);
        y.sum().backward();
        Assert.Equal(3, calls);
        Assert.Equal([20f, 42f], x.grad!.data<float>().ToArray()); // 2 x c
        Assert.Null(condition.grad);
    }

    [Fact, NoTensorLeaks]
    public void Where_nothing_needs_a_gradient_nothing_is_computed_again()
    {
        using var scope = NewDisposeScope();
        using var part = nn.Identity();
        Assert.False(GradientCheckpoint.Run(part, (x, condition) => x * condition, ones(2), ones(2)).requires_grad);
    }

    private static Tensor[] Gradients(UNet2DConditionModel unet, LoraAdapters adapters, UNetInput input)
    {
        foreach (var (_, parameter) in adapters.Parameters())
            parameter.grad?.zero_();
        var output = unet.forward(input);
        (output * output).sum().backward();
        return [.. adapters.Parameters().Select(entry => entry.Value.grad!.clone())];
    }

    private static Tensor Normal(long item, params long[] shape) => AddressedRandom.NormalTensor(new(5, RandomPurpose.DataNoise, Item: item), shape);
}
