using System.Globalization;

namespace Looped.Models.Data.Tasks;

/// <summary>Two numbers to add.</summary>
/// <param name="First">The first.</param>
/// <param name="Second">The second.</param>
public readonly record struct AdditionProblem(long First, long Second)
{
    /// <summary>Their sum.</summary>
    public long Answer => First + Second;

    /// <summary>As people write it.</summary>
    public string Expression => string.Create(CultureInfo.InvariantCulture, $"{First} + {Second}");

    /// <summary>As tokens.</summary>
    internal AdditionText Text => AdditionText.Of(First, Second, Answer);
}
