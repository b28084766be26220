using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Looped.Models.Evaluation.Parity;
using Looped.Models.Optimization;
using Looped.Models.Recipes;

namespace Looped.Models.Families.CoTFormer;

/// <summary>
/// Kind `learning_rate`: the rates of chosen updates, a row for each schedule. A schedule's name holds its settings
/// (`total=40000,cos,warmup=0.2`); the description gives those that all share.
/// </summary>
internal sealed partial class LearningRateParity : IParityKind
{
    /// <inheritdoc/>
    public IEnumerable<ParityRow> Run(ParityVector vector)
    {
        JsonObject schedules = vector.Json.Section("schedules", vector.Path);
        if (schedules.Count == 0) return [ParityRow.Failure(vector.Name, vector.Kind, "nothing was compared: the file has no schedules")];
        return schedules.Select(schedule => Run(vector, schedule.Key, schedule.Value as JsonObject ?? []));
    }

    private static ParityRow Run(ParityVector vector, string name, JsonObject rates)
    {
        ParityCase parity = ParityCase.OfNumbers(vector, name);
        string description = vector.Json["description"]?.GetValue<string>() ?? "";
        if (Named().Match(name) is not { Success: true } match) return parity.Fail($"the schedule '{name}' is not of the form total=N,cos|linear|none,warmup=SHARE");

        int total = int.Parse(match.Groups["total"].Value, CultureInfo.InvariantCulture);
        var schedule = new ScheduleRecipe
        {
            Name = match.Groups["shape"].Value switch { "cos" => ScheduleName.OneCycleCosine, "linear" => ScheduleName.OneCycleLinear, _ => ScheduleName.None },
            WarmupFraction = Number(match.Groups["warmup"].Value),
            DivFactor = Shared(description, "div_factor", 100),
            FinalDivFactor = Shared(description, "final_div_factor", 0.05),
        };
        double peak = Shared(description, "max_lr", 1e-3);
        foreach ((string update, JsonNode? expected) in rates)
        {
            long step = long.Parse(update, CultureInfo.InvariantCulture);
            parity.Compare($"lr.{update}", LearningRate.At(schedule, peak, step, total), expected!.GetValue<double>());
        }
        return parity.Conclude();
    }

    private static double Shared(string description, string key, double absent) =>
        Regex.Match(description, $@"(?<![a-z_]){key}[ =:]+(?<value>[0-9.eE+-]*[0-9])") is { Success: true } match ? Number(match.Groups["value"].Value) : absent;

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^total=(?<total>\d+),(?<shape>cos|linear|none),warmup=(?<warmup>[0-9.eE+-]+)$")]
    private static partial Regex Named();
}
