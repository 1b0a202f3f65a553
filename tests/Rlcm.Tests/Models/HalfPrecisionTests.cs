using Rlcm.Diffusion;
using Rlcm.Models;
using Rlcm.Models.Lora;
using Rlcm.Policy;
using Rlcm.Rollouts;
using Rlcm.Runtime;
using Rlcm.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Models;

/// <summary>
/// A base model of half precision, on the processor, where it is slow but defined: TorchSharp casts nothing by itself, so that a missing cast
/// fails, and a superfluous one shows in the types.
/// </summary>
public sealed class HalfPrecisionTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly TemporaryFolder _folder = new();

    public void Dispose()
    {
        _folder.Dispose();
        _scope.Dispose();
    }

    [Theory]
    [InlineData(ScalarType.BFloat16, 0.05)]
    [InlineData(ScalarType.Float16, 0.01)]
    public void An_update_computes_in_half_and_learns_in_whole_precision(ScalarType dtype, double tolerance)
    {
        using var whole = new Update(TinyModels.Write(_folder["model"]), ScalarType.Float32);
        using var half = new Update(_folder["model"], dtype);
        Assert.All(half.Model.Unet.parameters(), weight => Assert.Equal(dtype, weight.dtype));
        Assert.All(half.Model.TextEncoder.parameters(), weight => Assert.Equal(dtype, weight.dtype));
        Assert.All(half.Model.Vae.parameters(), weight => Assert.Equal(ScalarType.Float32, weight.dtype));

        Assert.All((Tensor[])[half.Trajectory.Condition, half.Trajectory.States, half.Trajectory.LogProbs, .. half.Gradients], tensor => Assert.Equal(ScalarType.Float32, tensor.dtype));
        Close(whole.Trajectory.Condition, half.Trajectory.Condition, tolerance);
        Close(whole.Trajectory.States, half.Trajectory.States, tolerance);
        Assert.Equal(1, half.Metrics.RatioMean, 1e-6); // sampling and training compute the same
        Assert.All(whole.Gradients.Zip(half.Gradients), pair => Close(pair.First, pair.Second, 4 * tolerance));
    }

    [Fact]
    public void A_small_update_is_not_rounded_away()
    {
        using var scope = NewDisposeScope();
        var layer = new LoraLinear(4, 4, hasBias: false);
        using (no_grad())
            layer.BaseWeight.fill_(1);
        layer.to(ScalarType.BFloat16);
        var a = tensor(new float[] { 1, 0, 0, 0 }).unsqueeze(0);
        var b = full(4, 1, 1e-3f); // the next bfloat16 after 1 is 8e-3 away
        using var adapters = LoraAdapters.Attach(new Holder(layer), new Dictionary<string, (Tensor, Tensor)> { ["layer"] = (a, b) }, 1, 1, "test");
        using var merged = adapters.Merge();
        var output = layer.forward(tensor(new float[] { 1, -1, 0, 0 }).unsqueeze(0).to(ScalarType.BFloat16)); // W x = 0
        Assert.Equal(1e-3, output[0, 0].to(ScalarType.Float32).item<float>(), 1e-5);
    }

    [Theory]
    [InlineData(ComputePrecision.Fp16)]
    [InlineData(ComputePrecision.Bf16)]
    public void Processors_are_not_asked_for_half_precision(ComputePrecision precision) =>
        Assert.Contains("choose fp32", Assert.Throws<UserErrorException>(() => ComputeTarget.Find("cpu", precision)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("cuda", "expected an NVIDIA GPU")]
    [InlineData("cuda:7", "expected at least 8 NVIDIA GPUs")]
    public void A_GPU_that_is_not_there_is_an_error(string device, string expected)
    {
        if (cuda.is_available() && cuda.device_count() > 7)
            return;
        var message = Assert.Throws<UserErrorException>(() => ComputeTarget.Find(device, ComputePrecision.Fp32)).Message;
        Assert.Contains(cuda.is_available() ? "found" : expected, message, StringComparison.Ordinal);
    }

    private static void Close(Tensor expected, Tensor actual, double tolerance) =>
        Assert.InRange((expected - actual).norm().ToDouble(), 0, tolerance * expected.norm().ToDouble());

    private sealed class Holder : nn.Module
    {
        private readonly LoraLinear layer;

        public Holder(LoraLinear layer)
            : base(nameof(Holder))
        {
            this.layer = layer;
            RegisterComponents();
        }
    }

    /// <summary>Two pictures collected, and the gradient of their loss.</summary>
    private sealed class Update : IDisposable
    {
        public Update(string folder, ScalarType dtype)
        {
            Model = TextToImageModel.Load(folder);
            Model.MoveTo(new(CPU, dtype));
            var policy = new LcmPolicy(Model, new(4, 4, LcmGrid.Released, FinalStep.AsReleased));
            Adapters = LoraAdapters.Create(Model.Unet, ["to_q", "to_out.0", "conv1", "proj_in", "conv"], rank: 2, alpha: 4, seed: 1);
            using (no_grad())
            {
                foreach (var (item, index) in Adapters.Items.Select((item, index) => (item, index)))
                    item.B.copy_(AddressedRandom.NormalTensor(new(9, RandomPurpose.DataNoise, Item: index), item.B.shape) * 0.1f);
            }

            RolloutItem[] items = [.. Enumerable.Range(0, 2).Select(index => new RolloutItem(TinyModels.Prompts[index], RolloutNoise.Training(1, 1, index)))];
            using (Adapters.Merge())
                Trajectory = RolloutCollector.Collect(policy, items, policy.Encode([.. items.Select(item => item.Prompt)]), LogProbReduction.Mean, 0);
            Metrics = PolicyGradient.Accumulate(policy, Trajectory, [0, 1], [1, -1], microBatch: 2, new(1e-4f, 10, LogProbReduction.Mean, 64));
            Gradients = [.. Adapters.Parameters().Select(entry => entry.Value.grad!)];
        }

        public TextToImageModel Model { get; }

        public LoraAdapters Adapters { get; }

        public Trajectory Trajectory { get; }

        public PpoMetrics Metrics { get; }

        public Tensor[] Gradients { get; }

        public void Dispose()
        {
            Trajectory.Dispose();
            Adapters.Dispose();
            Model.Dispose();
        }
    }
}
