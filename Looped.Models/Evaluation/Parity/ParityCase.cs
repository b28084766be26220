using System.Text.Json.Nodes;
using Looped.Models.Checkpoints;
using static TorchSharp.torch;

namespace Looped.Models.Evaluation.Parity;

/// <summary>
/// One case of a vector while it runs. A kind asks for what is given, offers what it computed, and concludes; the case then compares
/// every tensor of the file that is not given. One that nobody offered is a failure, so nothing is skipped in silence.
/// </summary>
public sealed class ParityCase
{
    private readonly List<ParityComparison> _comparisons = [];
    private readonly HashSet<string> _compared = [];
    private readonly List<string> _surplus = [];

    internal ParityCase(ParityVector vector, string name, string prefix, JsonObject? settings) =>
        (Vector, Name, Prefix, Settings) = (vector, name, prefix, settings);

    /// <summary>A case that compares numbers of the JSON, such as a row of a table.</summary>
    public static ParityCase OfNumbers(ParityVector vector, string name) => new(vector, name, "numbers only: ", settings: null);

    /// <summary>The vector.</summary>
    public ParityVector Vector { get; }

    /// <summary>The case's name.</summary>
    public string Name { get; }

    /// <summary>What its tensors' names begin with; empty for the first case.</summary>
    public string Prefix { get; }

    /// <summary>Its entry under `cases`, if there is one.</summary>
    public JsonObject? Settings { get; }

    /// <summary>Whether a tensor of the file belongs to this case.</summary>
    public bool Owns(string tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        return Prefix.Length > 0 ? tensor.StartsWith(Prefix, StringComparison.Ordinal) : !ParityVector.IsOfACase(tensor);
    }

    /// <summary>A tensor of this case, or the one that all cases share; null if there is neither. The caller owns it.</summary>
    /// <param name="name">Without `case.NAME.`.</param>
    public Tensor? Find(string name)
    {
        if (!Vector.Tensors.TryGetValue(Prefix + name, out NamedTensor? stored) && !Vector.Tensors.TryGetValue(name, out stored)) return null;
        Tensor host = stored.ToTensor();
        if (Vector.Device == "cpu") return host;
        using (host) return host.to(Vector.Device);
    }

    /// <summary>As <see cref="Find"/>, for something the case cannot do without.</summary>
    /// <exception cref="LoopedException">The file does not have it.</exception>
    public Tensor Given(string name) =>
        Find(name) ?? throw new LoopedException($"{Vector.Path}: case {Name} has no tensor `{name}` in its safetensors file.");

    /// <summary>Whether the file holds an output of this name for this case.</summary>
    public bool Expects(string name) => Vector.Tensors.ContainsKey(Prefix + name);

    /// <summary>Whether the file holds an output whose name begins so.</summary>
    public bool ExpectsAny(string prefix) => Vector.Tensors.Keys.Any(t => t.StartsWith(Prefix + prefix, StringComparison.Ordinal));

    /// <summary>Compares something we computed with the tensor of that name; one that the file does not have is noted in the row.</summary>
    /// <param name="name">Such as `output.logits`.</param>
    /// <param name="actual">Our value; not kept.</param>
    /// <param name="arrange">Puts the file's tensor in our order, where the reference leaves the order open; null for the same order.</param>
    public void Offer(string name, Tensor actual, Func<Tensor, Tensor>? arrange = null)
    {
        if (!Vector.Tensors.TryGetValue(Prefix + name, out NamedTensor? expected))
            _surplus.Add(name);
        else if (_compared.Add(name))
            _comparisons.Add(ParityComparer.Compare(name, actual, expected, Vector.Tolerances.For(name), arrange));
        else
            throw new InvalidOperationException($"{name} was offered twice.");
    }

    /// <summary>Compares a number we computed with one that stands in the JSON, by the tolerance of outputs.</summary>
    public void Compare(string name, double actual, double expected) =>
        _comparisons.Add(ParityComparer.Compare(name, actual, expected, Vector.Tolerances.Output));

    /// <summary>Compares whole numbers: they must be equal.</summary>
    public void CompareExactly(string name, long actual, long expected) => _comparisons.Add(ParityComparer.Compare(name, actual, expected));

    /// <summary>The row: failed if an output is beyond its tolerance or was never offered, or if nothing was compared.</summary>
    public ParityRow Conclude()
    {
        foreach (string tensor in Vector.Tensors.Keys.Where(Owns))
        {
            string name = tensor[Prefix.Length..];
            if (!ParityTolerances.IsGiven(name) && !_compared.Contains(name))
                _comparisons.Add(new(name, double.NaN, double.NaN, Passed: false, "the file has it, but it was not computed"));
        }
        string message = string.Join("; ", _comparisons.Where(c => c.Problem is not null).Select(c => $"{c.Name}: {c.Problem}"));
        if (_comparisons.Count == 0) message = "nothing was compared";
        if (_surplus.Count > 0) message += $"{(message.Length > 0 ? "; " : "")}computed but not in the file: {string.Join(", ", _surplus)}";
        bool passed = _comparisons.Count > 0 && _comparisons.TrueForAll(c => c.Passed);
        return new ParityRow(Vector.Name, Name, passed ? ParityOutcome.Passed : ParityOutcome.Failed, _comparisons, message);
    }

    /// <summary>The row of a case that cannot be run.</summary>
    public ParityRow Fail(string why) => ParityRow.Failure(Vector.Name, Name, why);
}
