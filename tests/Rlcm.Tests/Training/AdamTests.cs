using Rlcm.Runtime;
using Rlcm.Training;
using TorchSharp;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;
using Adam = Rlcm.Training.Adam;

namespace Rlcm.Tests.Training;

public sealed class AdamTests
{
    [Fact]
    public void Three_steps_follow_the_closed_form()
    {
        using var scope = NewDisposeScope();
        var parameter = new Parameter(tensor([1f, -2f]));
        using var adam = new Adam([("w", parameter)], learningRate: 0.1);
        double[][] gradients = [[0.5, -1], [-0.25, 3], [2, 0]];
        double[] expected = [1, -2], m = [0, 0], v = [0, 0];

        for (var t = 1; t <= 3; t++)
        {
            adam.ZeroGrad();
            (parameter * tensor(gradients[t - 1].Select(g => (float)g).ToArray())).sum().backward();
            adam.Step();
            for (var i = 0; i < 2; i++)
            {
                m[i] = 0.9 * m[i] + 0.1 * gradients[t - 1][i];
                v[i] = 0.999 * v[i] + 0.001 * gradients[t - 1][i] * gradients[t - 1][i];
                expected[i] -= 0.1 * (m[i] / (1 - Math.Pow(0.9, t))) / (Math.Sqrt(v[i] / (1 - Math.Pow(0.999, t))) + 1e-8);
            }

            Assert.Equal(expected[0], parameter[0].ToDouble(), 1e-6);
            Assert.Equal(expected[1], parameter[1].ToDouble(), 1e-6);
        }

        Assert.Equal(3, adam.StepCount);
    }

    [Fact]
    public void With_decoupled_decay_the_weights_equal_those_of_AdamW_of_torch()
    {
        using var scope = NewDisposeScope();
        var (ours, theirs) = (Network(), Network());
        using var adam = new Adam(Named(ours), learningRate: 0.01) { WeightDecay = 0.1 };
        var reference = optim.AdamW(theirs.parameters(), lr: 0.01, weight_decay: 0.1);
        for (var step = 0; step < 10; step++)
        {
            adam.ZeroGrad();
            reference.zero_grad();
            Loss(ours, step).backward();
            Loss(theirs, step).backward();
            adam.Step();
            reference.step();
        }

        foreach (var (expected, found) in theirs.parameters().Zip(ours.parameters()))
            Assert.InRange((expected - found).abs().max().ToDouble(), 0, 1e-6);
    }

    [Fact]
    public void The_weights_equal_those_of_the_optimizer_of_torch()
    {
        using var scope = NewDisposeScope();
        var (ours, theirs) = (Network(), Network());
        using var adam = new Adam(Named(ours), learningRate: 0.01);
        var reference = optim.Adam(theirs.parameters(), lr: 0.01);

        for (var step = 0; step < 10; step++)
        {
            adam.ZeroGrad();
            reference.zero_grad();
            Loss(ours, step).backward();
            Loss(theirs, step).backward();
            adam.LearningRate = 0.01 / (1 + step);
            foreach (var group in reference.ParamGroups)
                group.LearningRate = 0.01 / (1 + step);
            adam.Step();
            reference.step();
        }

        foreach (var (a, b) in ours.parameters().Zip(theirs.parameters()))
            Assert.InRange((a - b).abs().max().ToDouble(), 0, 1e-7);
    }

    [Fact]
    public void Parameters_longer_than_one_pass_are_moved_to_their_ends()
    {
        using var scope = NewDisposeScope();
        var (a, b) = (new Parameter(zeros(300_000)), new Parameter(zeros(2, 150_000)));
        using var adam = new Adam([("a", a), ("b", b)], learningRate: 0.5);
        (a.sum() - b.sum()).backward();
        adam.Step();

        Assert.True(a.allclose(full_like(a, -0.5f)));
        Assert.True(b.allclose(full_like(b, 0.5f)));
    }

    [Fact]
    public void Restored_state_continues_bit_for_bit()
    {
        using var scope = NewDisposeScope();
        var (whole, resumed) = (Network(), Network());
        using var adam = new Adam(Named(whole), learningRate: 0.01);
        Train(whole, adam, 0, 3);
        var state = adam.State().ToDictionary(item => item.Key, item => item.Value.clone());
        var weights = whole.parameters().Select(parameter => parameter.detach().clone()).ToArray();
        Train(whole, adam, 3, 6);

        using var second = new Adam(Named(resumed), learningRate: 0.01);
        second.StepCount = 3;
        using (no_grad())
        {
            foreach (var (key, moment) in second.State())
                moment.copy_(state[key]);
            foreach (var (parameter, saved) in resumed.parameters().Zip(weights))
                parameter.copy_(saved);
        }

        Train(resumed, second, 3, 6);
        foreach (var (a, b) in whole.parameters().Zip(resumed.parameters()))
            Assert.True(a.equal(b).all().ToBoolean());
    }

    [Fact]
    public void Parameters_keep_their_values_strides_and_place_in_the_module()
    {
        using var scope = NewDisposeScope();
        var conv = nn.Conv2d(3, 4, 3);
        using (no_grad())
            conv.weight!.set_(conv.weight.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2));
        var (before, strides) = (conv.weight.detach().clone(), conv.weight.stride());

        using var adam = new Adam([("weight", conv.weight), ("bias", conv.bias!)], learningRate: 0.1);

        Assert.Equal(strides, conv.weight.stride());
        Assert.True(before.equal(conv.weight).all().ToBoolean());
        Assert.True(conv.weight.is_leaf && conv.weight.requires_grad);
        conv.forward(ones(1, 3, 5, 5)).sum().backward();
        adam.Step();
        Assert.InRange((before - 0.1f - conv.weight).abs().max().ToDouble(), 0, 1e-5);
        Assert.True(conv.state_dict()["weight"].equal(conv.weight).all().ToBoolean());
    }

    [Fact]
    public void Gradients_accumulate_and_may_be_cleared_or_set_by_others()
    {
        using var scope = NewDisposeScope();
        var (ours, theirs) = (Network(), Network());
        using var adam = new Adam(Named(ours), learningRate: 0.01);
        var reference = optim.Adam(theirs.parameters(), lr: 0.01);
        foreach (var network in new[] { ours, theirs })
        {
            network.zero_grad();
            foreach (var parameter in network.parameters())
                parameter.grad = null;
            Loss(network, 0).backward();
            Loss(network, 1).backward();
        }

        adam.Step();
        reference.step();
        foreach (var (a, b) in ours.parameters().Zip(theirs.parameters()))
            Assert.InRange((a - b).abs().max().ToDouble(), 0, 1e-7);

        adam.ZeroGrad();
        Assert.All(ours.parameters(), parameter => Assert.Equal(0, parameter.grad!.abs().sum().ToDouble()));
    }

    [Fact]
    public void Steps_leave_no_tensors_behind()
    {
        var network = Network();
        using var adam = new Adam(Named(network), learningRate: 0.01);
        using var scope = NewDisposeScope();
        Train(network, adam, 0, 1);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Train(network, adam, 1, 4);
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void No_parameters_and_mixed_types_are_refused()
    {
        using var scope = NewDisposeScope();
        Assert.Throws<ArgumentException>(() => new Adam([], 0.1));
        Assert.Throws<ArgumentException>(() => new Adam([("a", new Parameter(zeros(1))), ("b", new Parameter(zeros(1, float64)))], 0.1));
    }

    private static void Train(nn.Module<Tensor, Tensor> network, Adam adam, int first, int end)
    {
        for (var step = first; step < end; step++)
        {
            using var scope = NewDisposeScope();
            adam.ZeroGrad();
            Loss(network, step).backward();
            adam.Step();
        }
    }

    private static Sequential Network()
    {
        var network = nn.Sequential(("a", nn.Linear(3, 5)), ("b", nn.Tanh()), ("c", nn.Linear(5, 2)));
        using var noGrad = no_grad();
        foreach (var (name, parameter) in network.named_parameters())
            parameter.copy_(linspace(-1, 1 + name.Length, parameter.numel()).view(parameter.shape));
        return network;
    }

    private static (string, Parameter)[] Named(nn.Module network) => [.. network.named_parameters().Select(entry => (entry.name, entry.parameter))];

    private static Tensor Loss(nn.Module<Tensor, Tensor> network, int step) =>
        (network.forward(linspace(-1, 1 + step, 12).view(4, 3)) - step).square().mean();
}
