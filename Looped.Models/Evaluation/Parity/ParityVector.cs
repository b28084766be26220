namespace Looped.Models.Evaluation.Parity;

/// <summary>Placeholder filled by the parity engine: a reference vector.</summary>
public sealed record ParityVector(string Path);

/// <summary>Placeholder filled by the parity engine: a row of the report.</summary>
public sealed record ParityRow(string Name);
