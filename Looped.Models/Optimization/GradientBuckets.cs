namespace Looped.Models.Optimization;

/// <summary>A piece of the flat buffers.</summary>
/// <param name="Offset">First element.</param>
/// <param name="Count">Number of elements.</param>
public readonly record struct BufferRange(long Offset, long Count);

/// <summary>
/// Which pieces of the gradient sums are complete after each stage of a backward pass. A pure function of the model, so every rank has
/// the same pieces in the same order whatever it computes. Together they are the whole buffer, each element once.
/// </summary>
public sealed class GradientBuckets
{
    /// <summary>Elements below which a piece is not worth a round of its own, because beginning one takes as long as sending 128 KiB. It goes with the last stage.</summary>
    public const long Least = 1 << 14;

    private GradientBuckets(IReadOnlyList<IReadOnlyList<ParameterSlot>> slots, IReadOnlyList<IReadOnlyList<BufferRange>> ranges) =>
        (Slots, Ranges) = (slots, ranges);

    /// <summary>The parameters of each stage; the last stage, which ends with the backward pass, has all that no other names.</summary>
    public IReadOnlyList<IReadOnlyList<ParameterSlot>> Slots { get; }

    /// <summary>What can be reduced once a stage is complete.</summary>
    public IReadOnlyList<IReadOnlyList<BufferRange>> Ranges { get; }

    /// <summary>Plans the pieces.</summary>
    /// <param name="layout">Places of the parameters.</param>
    /// <param name="stages">As in <see cref="Families.LanguageModel.BackwardStages"/>; a parameter belongs to the first that names it.</param>
    /// <param name="least">Elements that a piece must have, but for the last stage's.</param>
    public static GradientBuckets Plan(ParameterLayout layout, IReadOnlyList<IReadOnlyList<string>> stages, long least = Least)
    {
        ArgumentNullException.ThrowIfNull(layout);
        ArgumentNullException.ThrowIfNull(stages);
        int[] stageOf = [.. layout.Slots.Select(slot => stages.Index().Where(s => s.Item.Any(name => slot.Name.StartsWith(name, StringComparison.Ordinal)))
            .Select(s => s.Index).FirstOrDefault(stages.Count))];
        var slots = Enumerable.Range(0, stages.Count + 1).Select(_ => new List<ParameterSlot>()).ToArray();
        foreach (ParameterSlot slot in layout.Slots) slots[stageOf[slot.Index]].Add(slot);

        int[] sentWith = [.. stageOf];
        foreach ((int stage, int first, int end) in Runs(stageOf))
            if (Range(first, end).Count < least)
                for (int i = first; i < end; i++) sentWith[i] = stages.Count;
        var ranges = Enumerable.Range(0, stages.Count + 1).Select(_ => new List<BufferRange>()).ToArray();
        foreach ((int stage, int first, int end) in Runs(sentWith)) ranges[stage].Add(Range(first, end));
        return new(slots, ranges);

        // Slots first … end − 1 with the padding behind them.
        BufferRange Range(int first, int end)
        {
            long from = layout.Slots[first].Offset;
            return new(from, (end < layout.Slots.Count ? layout.Slots[end].Offset : layout.Length) - from);
        }
    }

    private static IEnumerable<(int Stage, int First, int End)> Runs(int[] stages)
    {
        for (int first = 0, end; first < stages.Length; first = end)
        {
            for (end = first + 1; end < stages.Length && stages[end] == stages[first]; end++) { }
            yield return (stages[first], first, end);
        }
    }
}
