using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Looped.Models.Checkpoints;

namespace Looped.Models.Data.Tasks;

/// <summary>
/// Problems as JSON lines, in the original's format:
/// <c>{"num1": 1750, "num2": 4733, "sum": 6483, "expression": "1750 + 4733", "answer": 6483}</c>.
/// </summary>
public static class AdditionFile
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        RespectRequiredConstructorParameters = true,
    };

    private sealed record Line(long Num1, long Num2, long Sum, long Answer, string? Expression = null);

    /// <summary>Writes a file, whole or not at all.</summary>
    public static void Write(string path, IEnumerable<AdditionProblem> problems)
    {
        ArgumentNullException.ThrowIfNull(problems);
        var text = new StringBuilder();
        foreach (AdditionProblem p in problems)
            text.Append(System.Globalization.CultureInfo.InvariantCulture,
                $$"""{"num1": {{p.First}}, "num2": {{p.Second}}, "sum": {{p.Answer}}, "expression": "{{p.Expression}}", "answer": {{p.Answer}}}""").Append('\n');
        DurableFiles.WriteAtomically(path, Encoding.UTF8.GetBytes(text.ToString()));
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="LoopedException">A line is not a sum, or a wrong one.</exception>
    public static IReadOnlyList<AdditionProblem> Read(string path)
    {
        var problems = new List<AdditionProblem>();
        foreach ((int i, string text) in File.ReadLines(path).Index())
        {
            if (string.IsNullOrWhiteSpace(text)) continue;
            problems.Add(Parse(path, i + 1, text));
        }
        return problems.Count > 0 ? problems : throw new LoopedException($"{path} has no sums; write it again with `looped prepare addition`.");
    }

    private static AdditionProblem Parse(string path, int number, string text)
    {
        Line line;
        try
        {
            line = JsonSerializer.Deserialize<Line>(text, Json) ?? throw new JsonException("it is null");
        }
        catch (JsonException e)
        {
            throw new LoopedException($"{path}, line {number} is no sum ({e.Message}); it must have num1, num2, sum and answer.", e);
        }
        var problem = new AdditionProblem(line.Num1, line.Num2);
        if (line.Num1 < 0 || line.Num2 < 0 || (line.Expression ?? problem.Expression).Replace(" ", "", StringComparison.Ordinal) != problem.Expression.Replace(" ", "", StringComparison.Ordinal))
            throw new LoopedException($"{path}, line {number}: the expression '{line.Expression}' is not the sum of num1 and num2, two numbers from 0 on; correct the line or leave it out.");
        if (line.Sum != problem.Answer || line.Answer != problem.Answer)
            throw new LoopedException($"{path}, line {number}: {problem.Expression} is {problem.Answer}, not {(line.Sum != problem.Answer ? line.Sum : line.Answer)}; correct the line or leave it out.");
        return problem;
    }
}
