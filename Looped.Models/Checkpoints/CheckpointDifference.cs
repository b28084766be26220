namespace Looped.Models.Checkpoints;

/// <summary>How two checkpoints differ.</summary>
/// <param name="Model">Parameters that differ, in the order of the model.</param>
/// <param name="Optimizer">Optimizer tensors that differ, in their order.</param>
/// <param name="State">Whether step or training state differ.</param>
/// <param name="Tensors">How many tensors were compared.</param>
public sealed record CheckpointDifference(IReadOnlyList<TensorDifference> Model, IReadOnlyList<TensorDifference> Optimizer, bool State, int Tensors)
{
    /// <summary>Whether nothing differs that decides how training goes on.</summary>
    public bool None => Model.Count == 0 && Optimizer.Count == 0 && !State;

    /// <summary>
    /// Compares two checkpoints tensor by tensor, with one pair in memory at a time. It compares what is there: whether that is what
    /// was written is <see cref="CheckpointReader.TryVerify"/>'s to say, and where an altered one was altered can be seen here.
    /// </summary>
    /// <exception cref="LoopedException">One of them cannot be read.</exception>
    public static CheckpointDifference Of(string left, string right)
    {
        (List<TensorDifference> model, int parameters) = Compare(left, right, CheckpointManifest.Model);
        (List<TensorDifference> optimizer, int moments) = Compare(left, right, CheckpointManifest.Optimizer);
        return new(model, optimizer, ReadState(left) != ReadState(right), parameters + moments);
    }

    private static (long Step, string State) ReadState(string path)
    {
        CheckpointState state = CheckpointReader.ReadState(path);
        return (state.Step, CheckpointJson.Canonical(state.State));
    }

    private static (List<TensorDifference> Differences, int Compared) Compare(string left, string right, string file)
    {
        using SafetensorsFile a = SafetensorsFile.Open(Path.Combine(left, file)), b = SafetensorsFile.Open(Path.Combine(right, file));
        var differences = new List<TensorDifference>();
        foreach (SafetensorsEntry entry in a.Entries)
        {
            TensorDifference? difference = b.Contains(entry.Name)
                ? TensorDifference.Of(a.Read(entry.Name), b.Read(entry.Name))
                : Lone(entry, left);
            if (difference is not null) differences.Add(difference);
        }
        differences.AddRange(b.Entries.Where(e => !a.Contains(e.Name)).Select(e => Lone(e, right)));
        return (differences, a.Entries.Count);
    }

    private static TensorDifference Lone(SafetensorsEntry entry, string where) => new(entry.Name, $"only in {where}", entry.Shape.ElementCount(), 0, 0, 0);
}
