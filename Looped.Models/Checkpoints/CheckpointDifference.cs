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

    /// <summary>Compares two checkpoints tensor by tensor, with one pair in memory at a time.</summary>
    /// <exception cref="LoopedException">One of them is torn or altered.</exception>
    public static CheckpointDifference Of(string left, string right)
    {
        (CheckpointManifest a, CheckpointState x) = Verified(left);
        (CheckpointManifest b, CheckpointState y) = Verified(right);
        (List<TensorDifference> model, int parameters) = Compare(left, right, CheckpointManifest.Model);
        (List<TensorDifference> optimizer, int moments) = Compare(left, right, CheckpointManifest.Optimizer);
        bool state = a.Step != b.Step || CheckpointJson.Canonical(x.State) != CheckpointJson.Canonical(y.State);
        return new(model, optimizer, state, parameters + moments);
    }

    private static (CheckpointManifest Manifest, CheckpointState State) Verified(string path) =>
        CheckpointReader.TryRead(path, out CheckpointManifest? manifest, out CheckpointState? state, out string? problem)
            ? (manifest, state)
            : throw new LoopedException($"The checkpoint {path} cannot be compared: {problem}.");

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
