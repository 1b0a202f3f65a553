using Rlcm.Evaluation;

namespace Rlcm.Cli.Reproduction;

/// <summary>A model at one number of sampling steps.</summary>
/// <param name="Steps">Steps per picture.</param>
/// <param name="Reward">Mean reward of the evaluation prompts, one picture each, and its interval.</param>
/// <param name="RecognizedShare">Share of animal pictures that show the animal asked for; null without a gallery.</param>
/// <param name="RecognizedSamples">Number of those pictures.</param>
/// <param name="SecondsPerPicture">Time of drawing and decoding in the quickest batch, by the clock.</param>
internal sealed record StepMeasure(int Steps, Estimate Reward, double? RecognizedShare, int? RecognizedSamples, double SecondsPerPicture);

/// <summary>A file of <c>inference/</c>: a model against its sampling steps.</summary>
/// <param name="Task">The reward.</param>
/// <param name="Unit">Its unit.</param>
/// <param name="Algorithm">Whose base model it is.</param>
/// <param name="Seed">Seed of the run that tuned it; null: untuned.</param>
/// <param name="GuidanceScale">Guidance scale of all pictures.</param>
/// <param name="Threads">Threads of the networks; 0 is one for each core.</param>
/// <param name="BySteps">In ascending order.</param>
internal sealed record InferenceMeasures(string Task, string Unit, string Algorithm, ulong? Seed, double GuidanceScale, int Threads, IReadOnlyList<StepMeasure> BySteps);

/// <summary>What tuning did to the reward of a set of prompts.</summary>
/// <param name="Prompts">What the set is called.</param>
/// <param name="File">Its file.</param>
/// <param name="Count">Number of prompts.</param>
/// <param name="Untuned">Reward of the untuned model.</param>
/// <param name="Tuned">Reward of the tuned model.</param>
/// <param name="Change">The mean difference of pictures of one prompt and seed.</param>
internal sealed record PromptSetMeasure(string Prompts, string File, int Count, Estimate Untuned, Estimate Tuned, Estimate Change);

/// <summary>A file of <c>generalization/</c>: a tuned model on prompts that it was trained on, and on others.</summary>
/// <param name="Task">The reward.</param>
/// <param name="Unit">Its unit.</param>
/// <param name="Algorithm">What tuned it.</param>
/// <param name="Seed">The run's seed.</param>
/// <param name="Steps">Sampling steps.</param>
/// <param name="Samples">Pictures of each prompt.</param>
/// <param name="Sets">The sets.</param>
internal sealed record GeneralizationMeasures(string Task, string Unit, string Algorithm, ulong Seed, int Steps, int Samples, IReadOnlyList<PromptSetMeasure> Sets);
