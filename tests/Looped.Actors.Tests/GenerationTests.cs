using CsCheck;
using Looped.Actors.Supervision;

namespace Looped.Actors.Tests;

public class GenerationTests
{
    [Fact]
    public void Every_micro_batch_has_exactly_one_owner_and_shares_differ_by_at_most_one() =>
        Gen.Int[1, 200].SelectMany(m => Gen.Select(Gen.Const(m), Gen.Int[1, m])).Sample((microBatches, world) =>
        {
            Generation generation = Generation.Even(1, 1, [.. Enumerable.Range(0, world).Select(i => $"w{i}")], microBatches);
            Assert.Equal(Enumerable.Range(0, microBatches), generation.Assignment.SelectMany(a => a).Order());
            Assert.InRange(generation.Assignment.Max(a => a.Count) - generation.Assignment.Min(a => a.Count), 0, 1);
        });
}
