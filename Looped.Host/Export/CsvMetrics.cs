using System.Globalization;
using System.Text;

namespace Looped.Host.Export;

/// <summary>A run's numbers as CSV (RFC 4180): a line for names, a line for each step, what is not known left empty.</summary>
internal static class CsvMetrics
{
    public static byte[] Write(MetricTable table)
    {
        var text = new StringBuilder();
        text.Append("step,").AppendJoin(',', table.Columns.Select(Field)).Append('\n');
        foreach (MetricRow row in table.Rows)
            text.Append(row.Step.ToString(CultureInfo.InvariantCulture)).Append(',').AppendJoin(',', table.Columns.Select(c => Field(row.Text(c)))).Append('\n');
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static string Field(string text) =>
        text.AsSpan().IndexOfAny(",\"\n\r") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
