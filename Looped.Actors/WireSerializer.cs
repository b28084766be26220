using System.Text.Json;
using System.Text.Json.Serialization;
using Akka.Actor;
using Akka.Serialization;
using Looped.Actors.Checkpointing;
using Looped.Actors.DataLoading;
using Looped.Actors.Evaluating;
using Looped.Actors.Supervision;
using Looped.Models.Optimization;

namespace Looped.Actors;

/// <summary>
/// Puts our messages on the wire as JSON under explicit manifests: a closed set, safe to rename, and no type name is ever taken
/// from the wire. Reading and writing are source-generated.
/// </summary>
public sealed class WireSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    private static readonly Dictionary<string, Type> ByManifest = new()
    {
        ["register-worker"] = typeof(RegisterWorker),
        ["registration-refused"] = typeof(RegistrationRefused),
        ["generation-planned"] = typeof(GenerationPlanned),
        ["show-plan"] = typeof(ShowPlan),
        ["plan-shown"] = typeof(PlanShown),
        ["stop-run"] = typeof(StopRun),
        ["stop-after-step"] = typeof(StopAfterStep),
        ["ask-for-run"] = typeof(AskForRun),
        ["run-described"] = typeof(RunDescribed),
        ["worker-accepted"] = typeof(WorkerAccepted),
        ["please-register"] = typeof(PleaseRegister),
        ["status-read"] = typeof(StatusRead),
        ["worker-reported"] = typeof(WorkerReported),
        ["leave-notice"] = typeof(LeaveNotice),
        ["ask-for-cluster"] = typeof(AskForCluster),
        ["cluster-picture"] = typeof(ClusterPicture),
        ["worker-ended"] = typeof(WorkerEnded),
        ["subscribe-to-run"] = typeof(SubscribeToRun),
        ["step-committed"] = typeof(StepCommitted),
        ["run-note"] = typeof(RunNote),
        ["run-ended"] = typeof(RunEnded),
        ["workers-changed"] = typeof(WorkersChanged),
        ["start-loading"] = typeof(StartLoading),
        ["grant-credit"] = typeof(GrantCredit),
        ["micro-batch-loaded"] = typeof(MicroBatchLoaded),
        ["loading-failed"] = typeof(LoadingFailed),
        ["write-checkpoint"] = typeof(WriteCheckpoint),
        ["checkpoint-written"] = typeof(CheckpointWritten),
        ["checkpoint-failed"] = typeof(CheckpointFailed),
        ["evaluate-snapshot"] = typeof(EvaluateSnapshot),
        ["evaluation-completed"] = typeof(EvaluationCompleted),
        ["evaluation-failed"] = typeof(EvaluationFailed),
    };

    private static readonly Dictionary<Type, string> ByType = ByManifest.ToDictionary(p => p.Value, p => p.Key);

    /// <summary>The message types that can travel, for tests.</summary>
    internal static IReadOnlyCollection<Type> Types => ByManifest.Values;

    /// <inheritdoc/>
    public override int Identifier => 1001;

    /// <inheritdoc/>
    public override string Manifest(object o)
    {
        ArgumentNullException.ThrowIfNull(o);
        return ByType.TryGetValue(o.GetType(), out string? manifest)
            ? manifest
            : throw new ArgumentException($"{o.GetType()} has no manifest: add it to {nameof(WireSerializer)}.");
    }

    /// <inheritdoc/>
    public override byte[] ToBinary(object obj)
    {
        ArgumentNullException.ThrowIfNull(obj);
        return JsonSerializer.SerializeToUtf8Bytes(obj, obj.GetType(), WireContext.Default);
    }

    /// <inheritdoc/>
    public override object FromBinary(byte[] bytes, string manifest) =>
        ByManifest.TryGetValue(manifest, out Type? type)
            ? JsonSerializer.Deserialize(bytes, type, WireContext.Default) ?? throw new JsonException($"An empty {manifest}.")
            : throw new ArgumentException($"Unknown message manifest '{manifest}'.");
}

/// <summary>Generated readers and writers of every message.</summary>
[JsonSourceGenerationOptions(NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(RegisterWorker))]
[JsonSerializable(typeof(RegistrationRefused))]
[JsonSerializable(typeof(GenerationPlanned))]
[JsonSerializable(typeof(ShowPlan))]
[JsonSerializable(typeof(PlanShown))]
[JsonSerializable(typeof(StopRun))]
[JsonSerializable(typeof(StopAfterStep))]
[JsonSerializable(typeof(GenerationPlan))]
[JsonSerializable(typeof(NumericsFingerprint))]
[JsonSerializable(typeof(AskForRun))]
[JsonSerializable(typeof(RunDescribed))]
[JsonSerializable(typeof(WorkerAccepted))]
[JsonSerializable(typeof(PleaseRegister))]
[JsonSerializable(typeof(StatusRead))]
[JsonSerializable(typeof(WorkerReported))]
[JsonSerializable(typeof(LeaveNotice))]
[JsonSerializable(typeof(AskForCluster))]
[JsonSerializable(typeof(ClusterPicture))]
[JsonSerializable(typeof(WorkerEnded))]
[JsonSerializable(typeof(SubscribeToRun))]
[JsonSerializable(typeof(StepCommitted))]
[JsonSerializable(typeof(RunNote))]
[JsonSerializable(typeof(RunEnded))]
[JsonSerializable(typeof(WorkersChanged))]
[JsonSerializable(typeof(StartLoading))]
[JsonSerializable(typeof(GrantCredit))]
[JsonSerializable(typeof(MicroBatchLoaded))]
[JsonSerializable(typeof(LoadingFailed))]
[JsonSerializable(typeof(WriteCheckpoint))]
[JsonSerializable(typeof(CheckpointWritten))]
[JsonSerializable(typeof(CheckpointFailed))]
[JsonSerializable(typeof(EvaluateSnapshot))]
[JsonSerializable(typeof(EvaluationCompleted))]
[JsonSerializable(typeof(EvaluationFailed))]
internal sealed partial class WireContext : JsonSerializerContext;
