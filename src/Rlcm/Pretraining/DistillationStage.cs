using Rlcm.Diffusion;
using Rlcm.Imaging;
using Rlcm.Models;
using Rlcm.Policy;
using Rlcm.Prompts;
using Rlcm.Rollouts;
using Rlcm.Runtime;
using TorchSharp;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;

namespace Rlcm.Pretraining;

/// <summary>
/// Latent consistency distillation (Luo et al. 2023, algorithm 1): the student's prediction at t_n is pulled towards its moving average's
/// prediction at t_(n-1), which one guided DDIM step of the teacher reaches; grid of 50 timesteps, guidance scale embedded.
/// </summary>
public sealed class DistillationStage : IPretrainingStage
{
    private const int SolverSteps = LcmTimesteps.DefaultOriginSteps;
    private const double HuberWidth = 1e-3; // c of the pseudo-Huber loss, as in the LCM training script of diffusers
    private const double NoStyleShare = 0.15;

    private readonly TextToImageModel _teacher;
    private readonly TextToImageModel _student;
    private readonly TextToImageModel _target;
    private readonly CaptionedLatents _data;
    private readonly WeightedDraw _draw;
    private readonly DistillationSettings _settings;
    private readonly NoiseSchedule _schedule;
    private readonly EncodedPrompts _encoded;
    private readonly Tensor _empty; // [1, S, D]

    /// <param name="teacher">The diffusion model; its text encoder and autoencoder are also the student's.</param>
    /// <param name="student">The consistency model to train.</param>
    /// <param name="target">The same architecture, for the moving average, which is both target and result.</param>
    /// <param name="data">Latents and captions.</param>
    /// <param name="weights">How often each picture is drawn, relative to the others.</param>
    /// <param name="settings">Batch size, seed, guidance range.</param>
    /// <exception cref="FileContentException">The tokenizer's files cannot be copied into the new model.</exception>
    public DistillationStage(
        TextToImageModel teacher, TextToImageModel student, TextToImageModel target, CaptionedLatents data,
        IReadOnlyList<double> weights, DistillationSettings settings)
    {
        TextToImageModel.RequireCopyable(settings.TokenizerFolder);
        (_teacher, _student, _target, _data, _settings) = (teacher, student, target, data, settings);
        _draw = new(weights);
        _schedule = teacher.Scheduler.CreateNoiseSchedule();
        _encoded = new(teacher.EncodePrompts);
        _empty = teacher.EncodePrompts([""]).DetachFromDisposeScope();
        Weights = WeightPairs.Of(("unet.", student.Unet, target.Unet));
    }

    /// <inheritdoc/>
    public string Name => "distill";

    /// <inheritdoc/>
    public IReadOnlyList<TrainedWeight> Weights { get; }

    /// <inheritdoc/>
    public Tensor Loss(long step)
    {
        using var scope = NewDisposeScope();
        var seed = _settings.Training.Seed;
        var rows = _draw.Rows(new(seed, RandomPurpose.DataOrder, step), _settings.Training.BatchSize);
        var latents = _data.Latents(rows);
        var noise = AddressedRandom.NormalTensor(new(seed, RandomPurpose.DataNoise, step), latents.shape);
        var (from, to) = DrawSteps(step);
        var guidance = DrawGuidance(step);
        var embedding = GuidanceEmbedding.Create(guidance, _student.Unet.Config.TimeCondProjDim!.Value);
        var x = EpsilonPrediction.AddNoise(latents, noise, from);

        Tensor text, target;
        using (no_grad())
        {
            text = _teacher.TextEncoder.forward(_data.Captions(DrawCaptions(rows, step)));
            var previous = TeacherStep(x, from, to, text, guidance);
            target = Predict(_target, previous, to, text, embedding);
        }

        return PseudoHuber(Predict(_student, x, from, text, embedding) - target).MoveToOuterDisposeScope();
    }

    /// <summary>The probability-flow step of the teacher from t_n to t_(n-1): DDIM with eps_u + (1 + w)(eps_c - eps_u) (Luo et al. 2023, algorithm 1).</summary>
    private Tensor TeacherStep(Tensor x, NoiseLevel[] from, NoiseLevel[] to, Tensor text, double[] guidance)
    {
        using var scope = NewDisposeScope();
        var timesteps = Timesteps(from);
        var both = cat([_empty.expand(text.shape[0], -1, -1), text]);
        var parts = _teacher.Unet.forward(new(cat([x, x]), cat([timesteps, timesteps]), both, GuidanceEmbedding: null)).chunk(2);
        var epsilon = EpsilonPrediction.Guide(parts[0], parts[1], guidance);
        DdimStep[] steps = [.. from.Zip(to, (start, end) => new DdimStep(start, end))];
        return DdimScheduler.Mean(x, epsilon, eta: 0, steps).MoveToOuterDisposeScope();
    }

    private static Tensor Predict(TextToImageModel model, Tensor x, NoiseLevel[] levels, Tensor text, Tensor embedding)
    {
        using var scope = NewDisposeScope();
        var epsilon = model.Unet.forward(new(x, Timesteps(levels), text, embedding));
        return LcmScheduler.Denoise(x, epsilon, levels).MoveToOuterDisposeScope();
    }

    /// <summary>mean of sqrt(d^2 + c^2) - c (Song &amp; Dhariwal 2023, eq. 8, per entry).</summary>
    internal static Tensor PseudoHuber(Tensor difference) => (difference.Squared().Plus(Kept(HuberWidth * HuberWidth)).sqrt() - Kept(HuberWidth)).mean();

    /// <summary>t_n on the solver's grid and t_(n-1), which for the first is timestep 0.</summary>
    internal (NoiseLevel[] From, NoiseLevel[] To) DrawSteps(long step)
    {
        var indices = new int[_settings.Training.BatchSize];
        AddressedRandom.Integers(new(_settings.Training.Seed, RandomPurpose.Timestep, step), indices, SolverSteps);
        var stride = _schedule.TrainTimesteps / SolverSteps;
        return (
            Array.ConvertAll(indices, index => _schedule[(index + 1) * stride - 1]),
            Array.ConvertAll(indices, index => _schedule[Math.Max(0, index * stride - 1)]));
    }

    private double[] DrawGuidance(long step)
    {
        var uniforms = new double[_settings.Training.BatchSize];
        AddressedRandom.Uniform(new(_settings.Training.Seed, RandomPurpose.Guidance, step), uniforms);
        return Array.ConvertAll(uniforms, uniform => _settings.MinGuidance + uniform * (_settings.MaxGuidance - _settings.MinGuidance));
    }

    private int[] DrawCaptions(int[] rows, long step)
    {
        var uniforms = new double[rows.Length];
        AddressedRandom.Uniform(new(_settings.Training.Seed, RandomPurpose.Caption, step), uniforms);
        return [.. rows.Zip(uniforms, (row, uniform) => uniform < NoStyleShare ? _data.CaptionWithoutStyle(row) : row)];
    }

    private static Tensor Timesteps(NoiseLevel[] levels) => tensor(Array.ConvertAll(levels, level => (long)level.Timestep));

    /// <inheritdoc/>
    public ImageBatch Samples() => RolloutCollector.Sample(
        new LcmPolicy(_target, new(_target.Generation.Steps, _target.Generation.GuidanceScale)),
        _encoded,
        [.. _settings.SamplePrompts.Select((prompt, index) => new RolloutItem(prompt, RolloutNoise.Sample(_settings.Training.Seed, index)))],
        _settings.Training.BatchSize);

    /// <inheritdoc/>
    public void Save(string folder) => _target.Save(folder, ScalarType.Float16, _settings.TokenizerFolder);

    /// <inheritdoc/>
    public void Dispose()
    {
        _data.Dispose();
        _empty.Dispose();
        _encoded.Dispose();
    }
}
