using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Looped.Models.Checkpoints;

/// <summary>Fingerprints of weights and of everything that decides how training goes on; lower-case hexadecimal SHA-256.</summary>
public static class StateHash
{
    /// <summary>
    /// `weights_sha256`: the bytes of the parameters one after the other in order, nothing else. It equals the hash of what follows
    /// the header in <c>model.safetensors</c>, so anyone can check it.
    /// </summary>
    public static string OfWeights(IReadOnlyList<NamedTensor> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (NamedTensor parameter in parameters) hash.AppendData(parameter.Data.Span);
        return Convert.ToHexStringLower(hash.GetCurrentHash());
    }

    /// <summary>Parameters, optimizer, step and training state, names and shapes included: equal hashes continue with equal bits.</summary>
    public static string Of(TrainingSnapshot snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        return Combine(snapshot.Step, OfFile(snapshot.Parameters), OfFile(snapshot.Optimizer), snapshot.State);
    }

    /// <summary>The same from the hashes of the two safetensors files.</summary>
    internal static string Combine(long step, string modelSha256, string optimizerSha256, JsonObject state) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
            $"step {step}\nmodel {modelSha256}\noptimizer {optimizerSha256}\nstate {CheckpointJson.Canonical(state)}\n")));

    private static string OfFile(IReadOnlyList<NamedTensor> tensors)
    {
        using HashingStream stream = new(Stream.Null);
        SafetensorsWriter.Write(stream, tensors);
        return stream.Sha256;
    }
}
