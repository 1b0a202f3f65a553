using System.ComponentModel.DataAnnotations;
using Rlcm.Diffusion;
using Rlcm.Models;
using Rlcm.Rewards;

namespace Rlcm.Training;

/// <summary>
/// Everything that decides a training run, besides the files it names. The property names in camel case are the keys of presets, of
/// <c>--set</c> and of a run's <c>config.json</c>. "Source" says where a default is from: RLCM is Oertell et al. 2024 and its released code.
/// </summary>
/// <remarks>Read and checked by <see cref="TrainConfigReader"/>; rules across several keys are in <see cref="TrainConfigRules"/>.</remarks>
public sealed record TrainConfig
{
    /// <summary>RLCM on a consistency model, or DDPO, with which the paper compares it, on a diffusion model. Default rlcm.</summary>
    public TrainAlgorithm Algorithm { get; init; } = TrainAlgorithm.Rlcm;

    /// <summary>
    /// The reward: <c>compression</c> (small JPEG files), <c>incompression</c> (large ones), <c>aesthetic</c> (LAION's predictor of marks),
    /// <c>alignment</c> (cosine of picture and prompt by the embedded CLIP model), <c>style</c> (probability of a drawing style by its head),
    /// <c>recognized</c> (1 where the nearest picture of the embedded gallery shows the prompt's animal, a measure rather than a task),
    /// <c>clip-score</c> (the cosine by another CLIP model), <c>pick-score</c> (the same by one tuned on preferences),
    /// <c>vlm-bertscore</c> (BERTScore of prompt and what a vision-language model on a server says), <c>http</c> (what a server says), <c>weighted</c> (the sum of <c>rewards</c>) or <c>custom</c> (a program's own, see
    /// <see cref="Tuning"/>). Default compression.
    /// </summary>
    [AllowedValues("compression", "incompression", "aesthetic", "alignment", "style", "recognized", "clip-score", "pick-score", "vlm-bertscore", "http", "weighted", "custom")]
    public string Task { get; init; } = "compression";

    /// <summary>
    /// The parts of the sum, for <c>weighted</c>: each is clamped to <c>min</c>..<c>max</c> in its own unit, normalised by the mean and standard
    /// deviation of its scores so far, and weighted, see <see cref="TrainingReward"/>. Default null.
    /// </summary>
    public IReadOnlyList<RewardWeight>? Rewards { get; init; }

    /// <summary>The tasks whose rewards are computed: those of the parts, or the only one.</summary>
    internal IEnumerable<string> RewardTasks => Task == TrainingReward.SumName ? (Rewards ?? []).Select(part => part.Task) : [Task];

    /// <summary>Folder of CLIP ViT-L/14 as transformers writes it, for <c>aesthetic</c>. Default null.</summary>
    public string? AestheticModel { get; init; }

    /// <summary>File of LAION's aesthetic head, <c>.pth</c> or safetensors, for <c>aesthetic</c>. Default null.</summary>
    public string? AestheticHead { get; init; }

    /// <summary>
    /// Whether <c>aesthetic</c> sees pictures rounded to 8 bits, as in ddpo-pytorch and as users see them, or cut off to 8 bits, which the
    /// released RLCM comes to. Default true.
    /// </summary>
    public bool AestheticRounds { get; init; } = true;

    /// <summary>Name and unit of a program's own reward, for <c>custom</c>; <see cref="Tuning"/> writes it down. Default null.</summary>
    public string? CustomReward { get; init; }

    /// <summary>Address of the reward server, for <c>http</c> and <c>vlm-bertscore</c> (there as for clients of OpenAI, such as <c>http://127.0.0.1:8080/v1</c>). Default null.</summary>
    public string? RewardUrl { get; init; }

    /// <summary>Pictures in a request to the reward server; one in <c>vlm-bertscore</c>. Default 16.</summary>
    [Range(1, 4096)]
    public int RewardBatch { get; init; } = 16;

    /// <summary>Requests to the reward server at the same time. Default 4.</summary>
    [Range(1, 256)]
    public int RewardConcurrency { get; init; } = 4;

    /// <summary>Seconds that a request to the reward server may take. Default 60.</summary>
    [Range(0.0, 86_400.0, MinimumIsExclusive = true)]
    public double RewardTimeout { get; init; } = 60;

    /// <summary>Name of the vision-language model at the reward server, for <c>vlm-bertscore</c>; null: whichever it has. Default null.</summary>
    public string? VlmModel { get; init; }

    /// <summary>Folder of a BERT- or RoBERTa-like encoder as ONNX with its tokenizer, for <c>vlm-bertscore</c>, see <see cref="Rewards.Alignment.BertScorer"/>. Default null.</summary>
    public string? BertModel { get; init; }

    /// <summary>The output of <c>bertModel</c> that holds the vectors, by name or by number from 0; null: <c>last_hidden_state</c>, or else the first. Default null.</summary>
    public string? BertLayer { get; init; }

    /// <summary>Folder of a CLIP model as transformers writes it, for <c>clip-score</c> and <c>pick-score</c>. Default null.</summary>
    public string? ClipModel { get; init; }

    /// <summary>The style word that <c>style</c> is to raise, one of those its model's head tells apart: noto, twemoji, flat or 3d. Default null.</summary>
    public string? Style { get; init; }

    /// <summary>Folder of a CLIP model with a head for styles, as <c>rlcm pretrain clip</c> makes it, for <c>style</c>; null: models/emoji-clip. Default null.</summary>
    public string? StyleModel { get; init; }

    /// <summary>The latent consistency model, or the diffusion model of <c>ddpo</c>: a folder in diffusers layout or a name on the Hugging Face Hub, see <see cref="Models.Hub.ModelLocation"/>.</summary>
    public string Model { get; init; } = "models/emoji-lcm";

    /// <summary>
    /// File of an LCM-LoRA that makes <c>model</c>, a Stable Diffusion 1.x, a latent consistency model (Luo et al. 2023, "LCM-LoRA"); null:
    /// <c>model</c> is one already. Without a guidance embedding, <c>guidanceScale</c> has to be 1. Default null.
    /// </summary>
    public string? LcmLora { get; init; }

    /// <summary>File of the training prompts, UTF-8, one a line.</summary>
    public string Prompts { get; init; } = "configs/prompts/animals-45.txt";

    /// <summary>File of the prompts of the evaluation pictures, UTF-8, one a line.</summary>
    public string EvaluationPrompts { get; init; } = "configs/prompts/evaluation.txt";

    /// <summary>Picture height in pixels, a multiple of 8. Default: the model's own.</summary>
    [Range(8, 4096)]
    public int? Height { get; init; }

    /// <summary>Picture width in pixels, a multiple of 8. Default: the model's own.</summary>
    [Range(8, 4096)]
    public int? Width { get; init; }

    /// <summary>Folder of the gallery by which animals are recognized, see <see cref="Evaluation.Gallery"/>; null: the model's own, where it has one. Default null.</summary>
    public string? Gallery { get; init; }

    /// <summary>H, the steps of a picture. Default 8. Source: RLCM's presets; DDPO has 50.</summary>
    [Range(1, 1000)]
    public int Horizon { get; init; } = 8;

    /// <summary>
    /// Guidance scale. A consistency model's embedding receives w = scale - 1; a diffusion model is called twice a step, with the prompt and
    /// without (Ho and Salimans 2022), unless it is 1. Default 8. Source: RLCM; DDPO has 5.
    /// </summary>
    [Range(1.0, 100.0)]
    public double GuidanceScale { get; init; } = 8;

    /// <summary>Steps of the grid that the model was distilled on. Default 50. Source: the published LCM models.</summary>
    [Range(1, 1000)]
    public int OriginSteps { get; init; } = LcmTimesteps.DefaultOriginSteps;

    /// <summary>How the H timesteps are picked from the origin steps. Default: as released with RLCM.</summary>
    public LcmGrid Grid { get; init; } = LcmGrid.Released;

    /// <summary>Whether the last step is noised and scored, and whether its noise is decoded. Default: neither.</summary>
    public FinalStep FinalStep { get; init; } = FinalStep.Deterministic;

    /// <summary>Standard deviation of the last step's noise, in latents; above 0 exactly where <c>finalStep</c> is decoded. Default 0.</summary>
    [Range(0.0, 10.0)]
    public double FinalNoise { get; init; }

    /// <summary>eta of DDIM sampling for <c>ddpo</c>: the noise of a step by DDPM's. Default 1. Source: DDPO.</summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true)]
    public double Eta { get; init; } = 1;

    /// <summary>
    /// How many steps are scored and trained, counted from the last that can be; null: all that can be. Default null. Source: RLCM trains
    /// all; ddpo-pytorch's <c>timestep_fraction</c> trains a part of them.
    /// </summary>
    [Range(1, 1000)]
    public int? ScoredSteps { get; init; }

    /// <summary>How log-probabilities are reduced over the latent dimensions. Default mean. Source: released code.</summary>
    public LogProbReduction LogProb { get; init; } = LogProbReduction.Mean;

    /// <summary>Adam's step size. Default 1e-4. Source: RLCM.</summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true)]
    public double LearningRate { get; init; } = 1e-4;

    /// <summary>Decoupled weight decay: a step takes this times the step size off every weight (AdamW, Loshchilov and Hutter 2019). Default 0. Source: RLCM; ddpo-pytorch has 1e-4.</summary>
    [Range(0.0, 1.0)]
    public double WeightDecay { get; init; }

    /// <summary>How the learning rate falls over the updates. Default linear. Source: released code.</summary>
    public LearningRateDecay LearningRateDecay { get; init; } = LearningRateDecay.Linear;

    /// <summary>eps: ratios count within [1 - eps, 1 + eps], per latent dimension. Default 1e-4. Source: RLCM.</summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true, MaximumIsExclusive = true)]
    public double ClipRange { get; init; } = 1e-4;

    /// <summary>Advantages are clamped to plus and minus this. Default 10. Source: RLCM.</summary>
    [Range(0.0, double.MaxValue, MinimumIsExclusive = true)]
    public double AdvantageClip { get; init; } = 10;

    /// <summary>The gradient's norm is limited to this; it scales with d when log-probabilities are summed. Default 5. Source: RLCM.</summary>
    [Range(0.0, double.MaxValue, MinimumIsExclusive = true)]
    public double MaxGradNorm { get; init; } = 5;

    /// <summary>Where the baseline comes from. Default per prompt. Source: RLCM.</summary>
    public AdvantageKind Advantage { get; init; } = AdvantageKind.PerPrompt;

    /// <summary>What grouped advantages are divided by. Default: the batch's standard deviation.</summary>
    public AdvantageNormalization Normalize { get; init; } = AdvantageNormalization.Batch;

    /// <summary>Rewards kept for each prompt (per-prompt advantages). Default 16. Source: RLCM's compression preset.</summary>
    [Range(1, int.MaxValue)]
    public int BufferSize { get; init; } = 16;

    /// <summary>Rewards a prompt needs before its own statistics count (per-prompt advantages). Default 16. Source: RLCM's compression preset.</summary>
    [Range(1, int.MaxValue)]
    public int MinCount { get; init; } = 16;

    /// <summary>g, images of one prompt in an update (grouped advantages); per prompt, every image has a prompt drawn for it. Default 4.</summary>
    [Range(2, int.MaxValue)]
    public int GroupSize { get; init; } = 4;

    /// <summary>Images that follow one another with one prompt.</summary>
    internal int ImagesPerPrompt => Advantage == AdvantageKind.Grouped ? GroupSize : 1;

    /// <summary>What the images of a group share (grouped advantages). Default: no noise. Source: the option <c>init_same_noise</c> of DanceGRPO shares the initial one.</summary>
    public GroupNoise GroupNoise { get; init; } = GroupNoise.Own;

    /// <summary>Images in a backward pass: memory against speed, without effect on the result but rounding. Default 2. Source: RLCM.</summary>
    [Range(1, int.MaxValue)]
    public int MicroBatch { get; init; } = 2;

    /// <summary>Images sampled at a time: memory against speed. Default 16.</summary>
    [Range(1, int.MaxValue)]
    public int SamplingBatch { get; init; } = 16;

    /// <summary>Images that an update collects. Default 16. Source: RLCM's compression preset, 4 GPUs with 2 x 2 each.</summary>
    [Range(1, int.MaxValue)]
    public int ImagesPerUpdate { get; init; } = 16;

    /// <summary>Optimizer steps in an inner epoch, on equal parts of the update's images, in whole groups. Default 1. Source: RLCM.</summary>
    [Range(1, int.MaxValue)]
    public int Minibatches { get; init; } = 1;

    /// <summary>Times the optimizer passes over an update's images. Default 1. Source: RLCM.</summary>
    [Range(1, int.MaxValue)]
    public int InnerEpochs { get; init; } = 1;

    /// <summary>Updates of the run. Default 1000. Source: RLCM.</summary>
    [Range(1, int.MaxValue)]
    public int Updates { get; init; } = 1000;

    /// <summary>
    /// Weight of the divergence from the base model beside the clipped loss; 0 leaves it out. Default 0. Source: RLCM has none and names it
    /// as the remedy for over-fitting the reward; flow_grpo's <c>beta</c>. The divergence is per latent dimension whatever <c>logProb</c> is,
    /// so that beside a sum it weighs as many times less as there are dimensions.
    /// </summary>
    [Range(0.0, double.MaxValue)]
    public double KlCoefficient { get; init; }

    /// <summary>
    /// Divergence from the base model towards which every update adapts the weight, which starts at <c>klCoefficient</c> and changes by at
    /// most 2 % an update; null: the weight is fixed. Default null. Source: Ziegler et al. 2019, section 2.2.
    /// </summary>
    [Range(0.0, double.MaxValue, MinimumIsExclusive = true)]
    public double? KlTarget { get; init; }

    /// <summary>
    /// Divergence of a step of an image from the base model, per latent dimension, that costs nothing. Default 0. Source:
    /// <c>kl_cutoff_loss</c> of TF-Agents' PPO, which squares it, averages first, and measures from the policy that collected.
    /// </summary>
    [Range(0.0, double.MaxValue)]
    public double KlThreshold { get; init; }

    /// <summary>
    /// What is trained: adapters, or all weights of the U-Net, which takes several times the memory and a lower learning rate, and leaves whole
    /// models. Default adapters. Source: RLCM; Black et al. 2024 train the U-Net, ddpo-pytorch does with <c>use_lora: False</c>.
    /// </summary>
    public TrainedWeights TrainedWeights { get; init; } = TrainedWeights.Lora;

    /// <summary>r, the inner dimension of the adapters, where they are trained. Default 16. Source: RLCM.</summary>
    [Range(1, 4096)]
    public int LoraRank { get; init; } = 16;

    /// <summary>alpha: adapters are scaled by alpha / r. Default 32. Source: RLCM.</summary>
    [Range(0.0, double.MaxValue, MinimumIsExclusive = true)]
    public double LoraAlpha { get; init; } = 32;

    /// <summary>Ends of the names of the layers that get adapters. Default: the attention projections. Source: RLCM.</summary>
    [MinLength(1)]
    public IReadOnlyList<string> LoraTargets { get; init; } = ["to_q", "to_k", "to_v", "to_out.0"];

    /// <summary>
    /// The run ends before its updates when its last so many evaluations are no better than those before by a standard error, see
    /// <see cref="Plateau"/>; null: it never does. Default null.
    /// </summary>
    [Range(1, int.MaxValue)]
    public int? Patience { get; init; }

    /// <summary>Updates from one evaluation to the next; the last update is always evaluated. Default 50.</summary>
    [Range(1, int.MaxValue)]
    public int EvaluateEvery { get; init; } = 50;

    /// <summary>Updates from one checkpoint to the next; every evaluation and the last update have one besides. Default 50.</summary>
    [Range(1, int.MaxValue)]
    public int CheckpointEvery { get; init; } = 50;

    /// <summary>How many of the newest checkpoints stay. Default 3.</summary>
    [Range(1, int.MaxValue)]
    public int KeepLast { get; init; } = 3;

    /// <summary>How many of the checkpoints with the highest evaluation reward stay besides. Default 1.</summary>
    [Range(0, int.MaxValue)]
    public int KeepBest { get; init; } = 1;

    /// <summary>Threads of the networks; 0 takes one for each core. Default 0.</summary>
    [Range(0, 1024)]
    public int Threads { get; init; }

    /// <summary>Seed of every random number of the run. Default 1.</summary>
    [Range(0.0, ulong.MaxValue)]
    public ulong Seed { get; init; } = 1;

    /// <summary>Where the networks run: <c>cpu</c>, <c>cuda</c> or the GPU <c>cuda:N</c>. Default cpu.</summary>
    [RegularExpression(ComputeTarget.DevicePattern, ErrorMessage = ComputeTarget.ExpectedDevice)]
    public string Device { get; init; } = "cpu";

    /// <summary>
    /// The numbers in which the base model's text encoder and U-Net are kept and computed. Adapters, log-probabilities, losses, noise schedule
    /// and autoencoder are always in 32 bits. Default fp32.
    /// </summary>
    public ComputePrecision Dtype { get; init; } = ComputePrecision.Fp32;

    /// <summary>
    /// Whether activations of the U-Net are computed again in the backward pass instead of kept: memory against a third more work, without
    /// effect on the result but rounding. Default false. Source: diffusers' training scripts, <c>--gradient_checkpointing</c>.
    /// </summary>
    public bool GradientCheckpointing { get; init; }

    /// <summary>Whether pictures larger than a tile are decoded tile by tile: memory against small differences where tiles meet. Default false. Source: diffusers' <c>enable_vae_tiling</c>.</summary>
    public bool VaeTiling { get; init; }
}
