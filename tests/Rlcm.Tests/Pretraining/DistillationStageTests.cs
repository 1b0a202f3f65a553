using Rlcm.Diffusion;
using Rlcm.Models;
using Rlcm.Pretraining;
using Rlcm.Runtime;
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

    /// <summary>
    /// Algorithm 1 of Luo et al. 2023, written out: the teacher's guided DDIM step from t_n to t_(n-1), the moving average's prediction there
    /// as the target of the student's prediction at t_n, guidance scales between 1 and 6, embedded in both.
    /// </summary>
    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    public void The_loss_is_that_of_the_algorithm(long step)
    {
        using var scope = NewDisposeScope();
        var settings = Settings with { BatchSize = 16 };
        var (stage, student, target) = TinyStages.Distillation(_teacher, settings);
        using (stage)
        using (var teacher = TextToImageModel.Load(_teacher))
        using (var data = TinyStages.Data(teacher.Vae, teacher.Tokenizer))
        {
            using var noGrad = no_grad();
            foreach (var (weight, index) in target.Unet.parameters().Select((weight, index) => (weight, index)))
                weight.add_(AddressedRandom.NormalTensor(new(3, RandomPurpose.WeightInit, Item: index), weight.shape) * 0.02); // an average that is not the student

            var scales = new double[16];
            AddressedRandom.Uniform(new(settings.Seed, RandomPurpose.Guidance, step), scales);
            scales = Array.ConvertAll(scales, uniform => 1 + 5 * uniform);
            Assert.True(scales.Min() < 2.5 && scales.Max() > 4.5, "the range is hardly used");
            var captions = new double[16];
            AddressedRandom.Uniform(new(settings.Seed, RandomPurpose.Caption, step), captions);

            var rows = new WeightedDraw(TinyStages.Uniform).Rows(new(settings.Seed, RandomPurpose.DataOrder, step), 16);
            var text = teacher.TextEncoder.forward(data.Captions([.. rows.Zip(captions, (row, uniform) => uniform < 0.15 ? data.CaptionWithoutStyle(row) : row)]));
            var nothing = teacher.EncodePrompts([""]).expand(16, -1, -1);
            var embedding = GuidanceEmbedding.Create(scales, student.Unet.Config.TimeCondProjDim!.Value);
            var (from, to) = stage.DrawSteps(step);
            var (signal, noise) = (Column(from, level => level.Signal), Column(from, level => level.Noise));

            var latents = data.Latents(rows);
            var x = signal * latents + noise * AddressedRandom.NormalTensor(new(settings.Seed, RandomPurpose.DataNoise, step), latents.shape);
            var guess = Predict(teacher, x, from, nothing, null);
            var epsilon = guess + tensor(scales.Select(scale => (float)scale).ToArray()).view(-1, 1, 1, 1) * (Predict(teacher, x, from, text, null) - guess);
            var previous = Column(to, level => level.Signal) * (x - noise * epsilon) / signal + Column(to, level => level.Noise) * epsilon;

            var difference = Consistency(student, x, from, text, embedding) - Consistency(target, previous, to, text, embedding);
            var expected = ((difference * difference + 1e-6).sqrt() - 1e-3).mean().ToDouble();
            Assert.Equal(expected, stage.Loss(step).ToDouble(), 1e-4 * expected);
        }

        static Tensor Predict(TextToImageModel model, Tensor x, NoiseLevel[] levels, Tensor text, Tensor? guidance) =>
            model.Unet.forward(new(x, tensor(Array.ConvertAll(levels, level => (long)level.Timestep)), text, guidance));

        static Tensor Column(NoiseLevel[] levels, Func<NoiseLevel, double> value) => tensor(levels.Select(level => (float)value(level)).ToArray()).view(-1, 1, 1, 1);

        static Tensor Consistency(TextToImageModel model, Tensor x, NoiseLevel[] levels, Tensor text, Tensor guidance)
        {
            var sample = (x - Column(levels, level => level.Noise) * Predict(model, x, levels, text, guidance)) / Column(levels, level => level.Signal);
            var (skip, use) = (Column(levels, level => 0.25 / (Scaled(level) + 0.25)), Column(levels, level => Math.Sqrt(Scaled(level) / (Scaled(level) + 0.25))));
            return use * sample + skip * x;
        }

        static double Scaled(NoiseLevel level) => Math.Pow(10 * level.Timestep, 2); // s^2, s = 10 t
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
                resume: null, new SynchronousProgress<PretrainingProgress>(progress => losses.Add(progress.Loss)), _ => { }, CancellationToken.None);
            Assert.InRange(losses.TakeLast(20).Average() / losses.Take(20).Average(), 0, 0.9);
        }
    }
}
