using System.Text.Json;

namespace Looped.Actors.Supervision;

/// <summary>A plan as bytes: on its way from worker to worker, and in the run folder.</summary>
internal static class PlanJson
{
    public static byte[] Write(GenerationPlan plan) => JsonSerializer.SerializeToUtf8Bytes(plan, WireContext.Default.GenerationPlan);

    public static GenerationPlan Read(byte[] bytes) =>
        JsonSerializer.Deserialize(bytes, WireContext.Default.GenerationPlan) ?? throw new JsonException("An empty plan.");
}
