using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Looped.Models.Families;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Looped.Models.Optimization;

/// <summary>What workers do with each other's replicas: compare them by hash, copy one to another.</summary>
public static class ReplicaExchange
{
    private const int HashBlock = 1 << 26;

    /// <summary>
    /// SHA-256 over everything that decides how training goes on: parameters, optimizer state, update counts, step, tokens, skipped steps.
    /// 64 lower-case hexadecimal digits. Equal hashes continue with equal bits.
    /// </summary>
    public static string StateHash(this Replica replica)
    {
        ArgumentNullException.ThrowIfNull(replica);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (Tensor buffer in Buffers(replica))
        {
            using Tensor host = buffer.cpu();
            for (long start = 0; start < host.numel(); start += HashBlock)
            {
                using Tensor part = host.narrow(0, start, Math.Min(HashBlock, host.numel() - start));
                hash.AppendData(part.bytes);
            }
        }
        hash.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture,
            $"{string.Join(',', replica.Optimizer.Counts)};{replica.Step};{replica.Tokens};{replica.SkippedSteps}")));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Copies one rank's state to all. Every rank calls it; a rank that has the state already receives what it has.</summary>
    /// <param name="replica">This rank's replica; its held micro-batches are left alone if it does not take the state.</param>
    /// <param name="take">Whether this rank takes the donor's counters. Its buffers are undefined if the broadcast breaks off.</param>
    /// <param name="broadcast">Overwrites a tensor with the donor's.</param>
    public static void Exchange(this Replica replica, bool take, Action<Tensor> broadcast)
    {
        ArgumentNullException.ThrowIfNull(replica);
        ArgumentNullException.ThrowIfNull(broadcast);
        using var scope = NewDisposeScope();
        foreach (Tensor buffer in Buffers(replica)) broadcast(buffer);
        long[] numbers = [.. replica.Optimizer.Counts, replica.Step, replica.Tokens, replica.SkippedSteps];
        Tensor carried = tensor(numbers, dtype: ScalarType.Int64).clone();
        broadcast(carried);
        if (!take) return;
        carried.data<long>().CopyTo(numbers);
        numbers.AsSpan(0, replica.Optimizer.Counts.Length).CopyTo(replica.Optimizer.Counts);
        replica.Drop();
        replica.SetCounters(numbers[^3], numbers[^2], numbers[^1]);
    }

    /// <summary>Goes back to step 0 with the weights of a freshly created model, which is disposed.</summary>
    public static void Reinitialize(this Replica replica, LanguageModel fresh)
    {
        ArgumentNullException.ThrowIfNull(replica);
        ArgumentNullException.ThrowIfNull(fresh);
        using (fresh)
        using (var scope = NewDisposeScope())
        using (no_grad())
        {
            Dictionary<string, Parameter> source = fresh.named_parameters().ToDictionary(p => p.name, p => p.parameter);
            foreach ((string name, Parameter parameter) in replica.Model.named_parameters()) parameter.copy_(source[name]);
            foreach (OptimizerBuffer buffer in replica.Optimizer.Buffers) buffer.Values.zero_();
            Array.Clear(replica.Optimizer.Counts);
        }
        replica.Drop();
        replica.SetCounters(0, 0, 0);
    }

    private static IEnumerable<Tensor> Buffers(Replica replica) => replica.Optimizer.Buffers.Select(b => b.Values).Prepend(replica.Parameters.Values);
}
