using System.Text.Json.Nodes;

namespace Looped.Models.Evaluation.Parity;

/// <summary>An output passes if |a − b| ≤ <see cref="Absolute"/> + <see cref="Relative"/> · max|b|, the maximum over the whole reference tensor.</summary>
/// <param name="Absolute">`atol`.</param>
/// <param name="Relative">`rtol`.</param>
public readonly record struct Tolerance(double Absolute, double Relative)
{
    /// <summary>The error allowed in a tensor whose largest magnitude is <paramref name="largest"/>.</summary>
    public double Allowed(double largest) => Absolute + Relative * largest;
}

/// <summary>The `tolerance` of a reference vector: a class for each kind of name.</summary>
/// <param name="Output">Names with any other prefix.</param>
/// <param name="Gradient">Names that begin with `grad`.</param>
/// <param name="Trace">Names that begin with `trace`.</param>
/// <param name="Final">Names that begin with `final`.</param>
public sealed record ParityTolerances(Tolerance Output, Tolerance Gradient, Tolerance Trace, Tolerance Final)
{
    /// <summary>The class of a name from which a leading `case.NAME.` has been taken.</summary>
    public Tolerance For(string name) =>
        Begins(name, "grad") ? Gradient : Begins(name, "trace") ? Trace : Begins(name, "final") ? Final : Output;

    /// <summary>Whether a tensor of this name is an input of the computation, so that it is not compared.</summary>
    public static bool IsGiven(string name) => Begins(name, "param") || Begins(name, "buffer") || Begins(name, "input");

    /// <summary>Reads the `tolerance` object.</summary>
    /// <param name="vector">The JSON of a vector.</param>
    /// <param name="path">Named in errors.</param>
    /// <exception cref="LoopedException">A class is missing or has no `atol` or `rtol`.</exception>
    public static ParityTolerances Read(JsonObject vector, string path)
    {
        return new(Class("output"), Class("grad"), Class("trace"), Class("final"));

        Tolerance Class(string name) => new(Bound(name, "atol"), Bound(name, "rtol"));

        double Bound(string name, string bound) =>
            vector["tolerance"] is JsonObject all && all[name] is JsonObject one && one[bound] is JsonValue value && value.TryGetValue(out double number) && number >= 0
                ? number
                : throw new LoopedException($"{path}: the number tolerance.{name}.{bound} is missing or negative; a reference vector states every tolerance.");
    }

    private static bool Begins(string name, string prefix) => name.StartsWith(prefix, StringComparison.Ordinal);
}
