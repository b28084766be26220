using System.Text.Json.Nodes;
using Looped.Models.Checkpoints;
using static TorchSharp.torch;

namespace Looped.Models.Optimization;

/// <summary>Copies a replica to host memory and back, bit for bit.</summary>
public static class ReplicaState
{
    private const string StepCount = "step.";

    /// <summary>Copies everything that decides how training goes on. Only between steps.</summary>
    public static TrainingSnapshot Snapshot(this Replica replica)
    {
        ArgumentNullException.ThrowIfNull(replica);
        IReadOnlyList<ParameterSlot> slots = replica.Layout.Slots;
        NamedTensor[] optimizer =
        [
            .. replica.Optimizer.Buffers.SelectMany(b => Copy(b.Values, b.Layout.Slots, b.Prefix)),
            .. slots.Select(s => new NamedTensor(StepCount + s.Name, ElementType.I64, [], BitConverter.GetBytes(replica.Optimizer.Counts[s.Index]))),
        ];
        var state = new JsonObject { ["tokens"] = replica.Tokens, ["skipped_steps"] = replica.SkippedSteps };
        return new TrainingSnapshot(replica.Step, [.. Copy(replica.Parameters.Values, slots, "")], optimizer, state);
    }

    /// <summary>Puts a snapshot back. Names, shapes and element types must be those of this replica.</summary>
    /// <exception cref="LoopedException">A tensor is missing, surplus or of another shape; all are listed.</exception>
    public static void Restore(this Replica replica, TrainingSnapshot snapshot)
    {
        ArgumentNullException.ThrowIfNull(replica);
        ArgumentNullException.ThrowIfNull(snapshot);
        IReadOnlyList<ParameterSlot> slots = replica.Layout.Slots;
        ElementType type = TypeOf(replica.Parameters.Values);
        Dictionary<string, NamedTensor> weights = snapshot.Parameters.ToDictionary(t => t.Name);
        Dictionary<string, NamedTensor> optimizer = snapshot.Optimizer.ToDictionary(t => t.Name);
        (string Name, ElementType Type, IReadOnlyList<long> Shape)[] expected = [.. slots.Select(s => (s.Name, type, s.Shape))];
        RequireSame(weights, expected, "model.safetensors");
        RequireSame(optimizer,
            [.. replica.Optimizer.Buffers.SelectMany(b => b.Layout.Slots.Select(s => (b.Prefix + s.Name, type, s.Shape))),
                .. slots.Select(s => (StepCount + s.Name, ElementType.I64, (IReadOnlyList<long>)[]))], "optimizer.safetensors");

        foreach (ParameterSlot slot in slots)
        {
            Write(replica.Parameters.Values, slot, weights[slot.Name]);
            replica.Optimizer.Counts[slot.Index] = BitConverter.ToInt64(optimizer[StepCount + slot.Name].Data.Span);
        }
        foreach (OptimizerBuffer buffer in replica.Optimizer.Buffers)
            foreach (ParameterSlot slot in buffer.Layout.Slots) Write(buffer.Values, slot, optimizer[buffer.Prefix + slot.Name]);
        replica.Drop();
        replica.SetCounters(snapshot.Step, snapshot.State["tokens"]!.GetValue<long>(), snapshot.State["skipped_steps"]!.GetValue<long>());
    }

    private static IEnumerable<NamedTensor> Copy(Tensor buffer, IReadOnlyList<ParameterSlot> slots, string prefix)
    {
        ElementType type = TypeOf(buffer);
        foreach (ParameterSlot slot in slots)
        {
            using Tensor slice = FlatParameters.Slice(buffer, slot);
            using Tensor host = slice.cpu();
            byte[] data = GC.AllocateUninitializedArray<byte>(checked((int)(slot.Length * buffer.element_size())));
            host.bytes.CopyTo(data);
            yield return new NamedTensor(prefix + slot.Name, type, slot.Shape, data);
        }
    }

    private static void Write(Tensor buffer, ParameterSlot slot, NamedTensor source)
    {
        using Tensor slice = FlatParameters.Slice(buffer, slot);
        if (buffer.device_type == TorchSharp.DeviceType.CPU)
        {
            source.Data.Span.CopyTo(slice.bytes);
            return;
        }
        using Tensor host = empty(slot.Length, dtype: buffer.dtype);
        source.Data.Span.CopyTo(host.bytes);
        using (no_grad()) slice.copy_(host);
    }

    private static ElementType TypeOf(Tensor buffer) => buffer.dtype.ToElementType();

    private static void RequireSame(Dictionary<string, NamedTensor> found,
        IReadOnlyList<(string Name, ElementType Type, IReadOnlyList<long> Shape)> expected, string file)
    {
        var problems = new List<string>();
        foreach (var (name, type, shape) in expected)
        {
            if (!found.TryGetValue(name, out NamedTensor? tensor)) problems.Add($"{name} is missing");
            else if (tensor.Type != type || !tensor.Shape.SequenceEqual(shape))
                problems.Add($"{name} is {tensor.Type} ({string.Join(", ", tensor.Shape)}) instead of {type} ({string.Join(", ", shape)})");
        }
        problems.AddRange(found.Keys.Except(expected.Select(e => e.Name)).Order(StringComparer.Ordinal).Select(n => $"{n} is not part of this model"));
        if (problems.Count > 0)
            throw new LoopedException(
                $"{file} does not fit the recipe's model: {string.Join("; ", problems)}. Use the recipe that the checkpoint was made with (its state.json holds it).");
    }
}
