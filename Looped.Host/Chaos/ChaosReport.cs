using System.Globalization;
using Looped.Host.CommandLine;

namespace Looped.Host.Chaos;

/// <summary>How a disturbed run compares with the undisturbed one.</summary>
/// <param name="Equal">Whether both ended in the same bits.</param>
/// <param name="Finished">Whether the disturbed run came to its end.</param>
/// <param name="Recipe">The recipe's name.</param>
/// <param name="RandomSeed">What the schedule was drawn from; null where it was not drawn.</param>
/// <param name="Steps">Steps of the run.</param>
/// <param name="Seconds">Duration of the disturbed run.</param>
/// <param name="Planned">Disturbances that the plan or the trace had. Those beyond the last step, or for workers that had gone, were not carried out.</param>
/// <param name="Disturbances">What was done to it.</param>
/// <param name="Problems">What went otherwise than it must.</param>
/// <param name="Undisturbed">Hashes of the run with one worker that nobody disturbed.</param>
/// <param name="Disturbed">Hashes of the disturbed run; null if it did not end.</param>
internal sealed record ChaosReport(bool Equal, bool Finished, string Recipe, long? RandomSeed, long Steps, double Seconds, int Planned,
    IReadOnlyList<Disturbance> Disturbances, IReadOnlyList<string> Problems, FinalHashes Undisturbed, FinalHashes? Disturbed)
{
    /// <summary>Whether everything went as it must.</summary>
    public bool Good => Equal && Finished && Problems.Count == 0;

    /// <summary>Writes the verdict.</summary>
    public void Write(Terminal terminal)
    {
        terminal.WriteLine();
        if (Disturbed is { } disturbed)
        {
            Pair("SHA-256 of model.safetensors", Undisturbed.Model, disturbed.Model);
            Pair("SHA-256 of optimizer.safetensors", Undisturbed.Optimizer, disturbed.Optimizer);
        }
        foreach (string problem in Problems) terminal.WriteLabelled("problem:", "red", $" {problem}");
        string summary = string.Create(CultureInfo.InvariantCulture,
            $"{Steps} steps, {(Disturbances.Count == Planned ? "" : $"{Disturbances.Count} of ")}{Count(Planned, "disturbance")}{(Disturbances.Max(d => d.Pause) is { } worst ? $", no step for {worst:0.0} s at most" : "")}");
        if (Finished && Disturbances.Count < Planned / 2)
            terminal.WriteLine("Most of the plan was never due: raise training.steps, or replay a trace faster with --time-scale, to see more of it.");
        if (!Finished) terminal.WriteLabelled("not finished", "red", $"  {summary}");
        else if (Equal) terminal.WriteLabelled("equal", "green", $"  to the last bit: {summary}");
        else terminal.WriteLabelled("different", "red", $"  {summary}; find the first step with `looped diff`");

        void Pair(string what, string undisturbed, string other)
        {
            terminal.WriteLine(what);
            terminal.WriteLine($"  undisturbed  {undisturbed}");
            terminal.WriteLabelled("  disturbed    ", "default", other);
        }
    }

    private static string Count(int n, string what) => n == 1 ? $"1 {what}" : $"{n} {what}s";
}
