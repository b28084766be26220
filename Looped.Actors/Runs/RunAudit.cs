using System.Buffers.Binary;
using System.Security.Cryptography;
using Looped.Models.Data;

namespace Looped.Actors.Runs;

/// <summary>
/// Proves from the log of who computed what that every sequence was consumed once in each epoch, whoever came, went or was killed.
/// Which sequences a micro-batch holds is computed anew, by the same pure function that the loader uses; nothing else is believed.
/// </summary>
public sealed class RunAudit : IDisposable
{
    private readonly SequenceSampler _sampler;
    private readonly int _microBatches;
    private readonly EpochTally _tally;
    private readonly IncrementalHash _order = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly HashSet<string> _workers = [];
    private readonly List<AuditedGeneration> _generations = [];
    private long _steps, _repeated;
    private AuditViolation? _violation;

    private RunAudit(SequenceSampler sampler)
    {
        _sampler = sampler;
        _microBatches = sampler.GlobalSequences / sampler.MicroSequences;
        _tally = new EpochTally(sampler.Sequences);
    }

    /// <summary>Audits a log.</summary>
    /// <param name="lines">The lines of `steps.jsonl` in the order of the file.</param>
    /// <param name="sampler">Which sequences a micro-batch holds.</param>
    /// <param name="committed">Steps the run is known to have committed; the log must reach them.</param>
    public static AuditReport Of(IEnumerable<StepAssignment> lines, SequenceSampler sampler, long committed)
    {
        ArgumentNullException.ThrowIfNull(lines);
        ArgumentNullException.ThrowIfNull(sampler);
        using var audit = new RunAudit(sampler);
        foreach (StepAssignment line in lines)
        {
            audit.Read(line);
            if (audit._violation is not null) break;
        }
        if (audit._violation is null && audit._steps < committed) audit._violation = audit.Missing(audit._steps + 1, $"the run committed {committed:N0} steps");
        return audit.Report();
    }

    private void Read(StepAssignment line)
    {
        if (line.Step < 1) _violation = new(AuditProblem.StepUnknown, line.Step, null, null, $"steps count from 1, but a line is about step {line.Step}");
        else if (line.Step > _steps + 1) _violation = Missing(_steps + 1, $"the next line is about step {line.Step:N0}");
        else _violation = Ownership(line);
        if (_violation is not null) return;
        if (line.Step <= _steps)
        {
            // Computed again after a loss, or told by a worker that slept through its replacement: the same sequences either way.
            _repeated++;
            return;
        }
        _violation = Consume(line.Step);
        if (_violation is not null) return;
        _steps = line.Step;
        Note(line);
    }

    private AuditViolation Missing(long step, string but)
    {
        long first = _sampler.Indices(step - 1, 0)[0];
        return new(AuditProblem.StepMissing, step, null, first,
            $"step {step:N0} has no line, though {but}: nobody can say who consumed its {_sampler.GlobalSequences} sequences, from sequence {first:N0} on");
    }

    private AuditViolation? Ownership(StepAssignment line)
    {
        if (line.Members.Count == 0 || line.Members.Count != line.Assignment.Count)
            return new(AuditProblem.LineMalformed, line.Step, null, null, $"step {line.Step:N0} has {line.Members.Count} members and {line.Assignment.Count} assignments");
        string?[] owners = new string?[_microBatches];
        for (int rank = 0; rank < line.Members.Count; rank++)
        {
            foreach (int index in line.Assignment[rank])
            {
                if (index < 0 || index >= _microBatches)
                    return new(AuditProblem.LineMalformed, line.Step, index, null, $"step {line.Step:N0} gives micro-batch {index} to {line.Members[rank]}, but there are only 0 … {_microBatches - 1}");
                if (owners[index] is { } other) return Twice(line, index, other, line.Members[rank]);
                owners[index] = line.Members[rank];
            }
        }
        int lost = Array.IndexOf(owners, null);
        if (lost < 0) return null;
        long sequence = _sampler.Indices(line.Step - 1, lost)[0];
        return new(AuditProblem.MicroBatchLost, line.Step, lost, sequence,
            $"step {line.Step:N0} was committed without micro-batch {lost}: nobody computed its {_sampler.MicroSequences} sequences, from sequence {sequence:N0} on");
    }

    private AuditViolation Twice(StepAssignment line, int index, string first, string second)
    {
        long sequence = _sampler.Indices(line.Step - 1, index)[0];
        return new(AuditProblem.MicroBatchRepeated, line.Step, index, sequence,
            $"micro-batch {index} of step {line.Step:N0} counts twice, for {first} and for {second}: its {_sampler.MicroSequences} sequences, from sequence {sequence:N0} on");
    }

    private AuditViolation? Consume(long step)
    {
        Span<byte> number = stackalloc byte[sizeof(long)];
        Hash(step, number);
        long position = (step - 1) * _sampler.GlobalSequences;
        for (int index = 0; index < _microBatches; index++)
        {
            foreach (long sequence in _sampler.Indices(step - 1, index))
            {
                Hash(sequence, number);
                if (!_tally.Add(position++, sequence))
                    return new(AuditProblem.SequenceRepeated, step, index, sequence, $"sequence {sequence:N0} comes a second time in its epoch, at step {step:N0}");
            }
        }
        return null;
    }

    private void Hash(long value, Span<byte> number)
    {
        BinaryPrimitives.WriteInt64LittleEndian(number, value);
        _order.AppendData(number);
    }

    private void Note(StepAssignment line)
    {
        if (_generations is [.., { } last] && last.Generation == line.Generation && last.Members.SequenceEqual(line.Members))
        {
            _generations[^1] = last with { LastStep = line.Step };
            return;
        }
        _workers.UnionWith(line.Members);
        _generations.Add(new AuditedGeneration(line.Generation, line.Step, line.Step, line.Members));
    }

    private AuditReport Report() => new(_violation, _steps, _microBatches, _steps * _sampler.GlobalSequences, _sampler.Sequences, _workers.Count,
        _repeated, Convert.ToHexStringLower(_order.GetCurrentHash()), _generations);

    /// <inheritdoc/>
    public void Dispose() => _order.Dispose();
}
