using Rlcm.Runtime;

namespace Rlcm.Rollouts;

/// <summary>A picture's own noise after a start that it shares.</summary>
/// <param name="Step">The first step whose noise is its own.</param>
/// <param name="Item">The picture's index.</param>
public readonly record struct RolloutBranch(int Step, long Item);

/// <summary>Where all noise of one picture comes from: its initial state and each of its steps have an address of their own.</summary>
/// <param name="Initial">Address of the initial noise.</param>
/// <param name="StepPurpose">Purpose of the step noise, which otherwise shares the initial address.</param>
public readonly record struct RolloutNoise(RandomAddress Initial, RandomPurpose StepPurpose)
{
    /// <summary>Where the picture parts from others that have the same initial noise; null: it has all noise to itself.</summary>
    public RolloutBranch? Branch { get; init; }

    /// <summary>Address of the noise added after step <paramref name="step"/>.</summary>
    public RandomAddress Step(int step) => Initial with
    {
        Purpose = StepPurpose,
        Step = step,
        Item = Branch is { } branch && step >= branch.Step ? branch.Item : Initial.Item,
    };

    /// <summary>All noise that decides the state before step <paramref name="step"/>: equal for pictures that have not parted by then.</summary>
    public RolloutNoise Before(int step) => Branch is { } branch && step <= branch.Step ? this with { Branch = null } : this;

    /// <summary>Picture <paramref name="index"/> of training update <paramref name="update"/>.</summary>
    public static RolloutNoise Training(ulong seed, long update, int index) =>
        new(new(seed, RandomPurpose.InitialNoise, update, index), RandomPurpose.StepNoise);

    /// <summary>
    /// Picture <paramref name="index"/> of training update <paramref name="update"/>, which shares all noise before step
    /// <paramref name="branchStep"/> with picture <paramref name="root"/>.
    /// </summary>
    public static RolloutNoise Branching(ulong seed, long update, int root, int branchStep, int index) =>
        Training(seed, update, root) with { Branch = new(branchStep, index) };

    /// <summary>Picture <paramref name="index"/> of an evaluation: the same in every evaluation of every run with this seed.</summary>
    public static RolloutNoise Evaluation(ulong seed, long index) =>
        new(new(seed, RandomPurpose.EvaluationInitialNoise, Item: index), RandomPurpose.EvaluationStepNoise);

    /// <summary>Picture <paramref name="index"/> of a user's request.</summary>
    public static RolloutNoise Sample(ulong seed, long index) =>
        new(new(seed, RandomPurpose.SampleInitialNoise, Item: index), RandomPurpose.SampleStepNoise);
}
