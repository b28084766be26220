namespace Looped.Models.Evaluation.Parity;

/// <summary>Runs one kind of reference vector (`kind` in its JSON) and reports every compared output.</summary>
public interface IParityKind
{
    /// <summary>Runs a vector file; a file may hold several cases, each gives a row.</summary>
    IEnumerable<ParityRow> Run(ParityVector vector);
}
