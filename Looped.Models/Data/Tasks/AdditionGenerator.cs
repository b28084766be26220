using Looped.Models.Randomness;

namespace Looped.Models.Data.Tasks;

/// <summary>What to generate.</summary>
/// <param name="Digits">Digits of both numbers, from 1 to <see cref="MostDigits"/>; the first is never 0.</param>
/// <param name="TrainRows">Problems to train on.</param>
/// <param name="TestRows">Problems to test on, all different from those.</param>
/// <param name="Seed">Which problems are drawn.</param>
public sealed record AdditionRequest(int Digits, int TrainRows, int TestRows, long Seed)
{
    /// <summary>More would not fit a sum of 64 bits.</summary>
    public const int MostDigits = 18;
}

/// <summary>Problems of the addition task (STARS, section 1.1): both numbers uniform, all pairs different.</summary>
public static class AdditionGenerator
{
    /// <summary>Draws problems, the test set first, so that it does not depend on how many there are to train on.</summary>
    /// <exception cref="UsageException">There are not that many pairs.</exception>
    public static (IReadOnlyList<AdditionProblem> Train, IReadOnlyList<AdditionProblem> Test) Generate(AdditionRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentOutOfRangeException.ThrowIfLessThan(request.Digits, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(request.Digits, AdditionRequest.MostDigits);
        long least = 1;
        for (int i = 1; i < request.Digits; i++) least *= 10;
        long span = 9 * least, wanted = (long)request.TrainRows + request.TestRows;
        if (wanted > (Int128)span * span)
            throw new UsageException($"There are {(Int128)span * span:N0} pairs of numbers of {request.Digits} digit{(request.Digits == 1 ? "" : "s")}, but {wanted:N0} different ones are asked for; ask for fewer rows or more digits.");

        RandomStream random = RandomStream.Create(request.Seed, "addition");
        var drawn = new HashSet<AdditionProblem>();
        var problems = new List<AdditionProblem>();
        for (ulong draw = 0; problems.Count < wanted; draw++)
        {
            var problem = new AdditionProblem(Number(2 * draw), Number(2 * draw + 1));
            if (drawn.Add(problem)) problems.Add(problem);
        }
        return ([.. problems.Skip(request.TestRows)], [.. problems.Take(request.TestRows)]);

        long Number(ulong index) => least + (long)((UInt128)(random.Bits(2 * index) | (ulong)random.Bits(2 * index + 1) << 32) * (ulong)span >> 64);
    }
}
