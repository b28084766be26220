using static TorchSharp.torch;

namespace Looped.Models.Evaluation.Parity;

/// <summary>What to compare.</summary>
/// <param name="Paths">Files, and folders that are searched recursively.</param>
/// <param name="Family">Only vectors of this family; null for all.</param>
/// <param name="Only">Globs of which one must match `name` or `name/row`; empty for all.</param>
/// <param name="Precision">What our models compute in.</param>
/// <param name="Device">Where: <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</param>
public sealed record ParityRequest(IReadOnlyList<string> Paths, string? Family = null, IReadOnlyList<string>? Only = null,
    ScalarType Precision = ScalarType.Float32, string Device = "cpu");
