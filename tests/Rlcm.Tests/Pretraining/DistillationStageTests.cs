using Rlcm.Models;
using Rlcm.Pretraining;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Pretraining;

public sealed class DistillationStageTests : IDisposable
{
    private static readonly PretrainingSettings Settings = new() { Images = 640, BatchSize = 64 };

    private readonly TemporaryFolder _folder = new();
    private readonly string _teacher;

    public DistillationStageTests() => _teacher = TinyModels.Write(_folder["teacher"], SchedulerConfig.Ddim);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_loss_is_square_near_zero_and_absolute_far_from_it()
    {
        using var scope = NewDisposeScope();
        Assert.Equal(0, DistillationStage.PseudoHuber(zeros(3)).ToDouble());
        Assert.Equal(1e-3 * (Math.Sqrt(10) - 1), DistillationStage.PseudoHuber(tensor([3e-3f])).ToDouble(), 1e-9);
        Assert.Equal((2 - 1e-3) / 2, DistillationStage.PseudoHuber(tensor([0f, -2f])).ToDouble(), 1e-6); // mean over entries
    }

    [Fact]
    public void Every_step_of_the_solvers_grid_is_drawn_and_leads_to_the_one_below()
    {
        using var scope = NewDisposeScope();
        var (stage, _, _) = TinyStages.Distillation(_teacher, Settings);
        using (stage)
        {
            var drawn = Enumerable.Range(0, 30).Select(step => stage.DrawSteps(step)).SelectMany(batch => batch.From.Zip(batch.To)).ToArray();
            Assert.Equal(Enumerable.Range(1, 50).Select(k => 20 * k - 1), drawn.Select(pair => pair.First.Timestep).Distinct().Order());
            Assert.All(drawn, pair => Assert.Equal(Math.Max(0, pair.First.Timestep - 20), pair.Second.Timestep));
        }
    }

    [Fact]
    public void Gradients_reach_the_students_unet_and_nothing_else()
    {
        using var scope = NewDisposeScope();
        var (stage, student, target) = TinyStages.Distillation(_teacher, Settings with { BatchSize = 4 });
        using (stage)
        {
            stage.Loss(0).backward();
            Assert.All(student.Unet.named_parameters(), entry => Assert.True(entry.parameter.grad is not null, $"{entry.name} has no gradient."));
            Assert.All(target.Unet.parameters().Concat(student.TextEncoder.parameters()).Concat(student.Vae.parameters()), weight => Assert.Null(weight.grad));
        }
    }

    [Fact]
    public void Steps_of_the_optimizer_lower_the_loss()
    {
        using var scope = NewDisposeScope();
        var settings = Settings with { Images = 60 * 8, BatchSize = 8, LearningRate = 3e-3, WarmupSteps = 5, EmaDecay = 0.5, SampleEvery = 1000 };
        var (stage, _, _) = TinyStages.Distillation(_teacher, settings);
        using (stage)
        {
            var losses = new List<double>();
            new PretrainingLoop(stage, settings, new(_folder["run"])).Run(
                resume: false, new SynchronousProgress<PretrainingProgress>(progress => losses.Add(progress.Loss)), CancellationToken.None);
            Assert.InRange(losses.TakeLast(20).Average() / losses.Take(20).Average(), 0, 0.9);
        }
    }
}
