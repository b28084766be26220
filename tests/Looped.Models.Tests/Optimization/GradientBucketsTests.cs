using CsCheck;
using Looped.Models.Optimization;

namespace Looped.Models.Tests.Optimization;

public class GradientBucketsTests
{
    private static readonly Gen<(int Stage, int Length, bool Decays)> Parameter = Gen.Select(Gen.Int[0, 4], Gen.Int[1, 100], Gen.Bool);

    private static ParameterLayout Layout((int Stage, int Length, bool Decays)[] parameters) =>
        ParameterLayout.Create(parameters.Select((p, i) => ($"s{p.Stage}.p{i}", (IReadOnlyList<long>)[p.Length], p.Decays)));

    [Fact]
    public void The_pieces_are_the_whole_buffer_once_and_none_travels_before_its_parameters_are_complete() =>
        Gen.Select(Parameter.Array[1, 30], Gen.Int[0, 3], Gen.Int[1, 200]).Sample((parameters, stages, least) =>
        {
            ParameterLayout layout = Layout(parameters);
            GradientBuckets buckets = GradientBuckets.Plan(layout, [.. Enumerable.Range(0, stages).Select(s => new[] { $"s{s}." })], least);

            Assert.Equal(stages + 1, buckets.Ranges.Count);
            Assert.Equal(layout.Slots, buckets.Slots.SelectMany(slots => slots).OrderBy(slot => slot.Index));
            long end = 0;
            foreach (BufferRange range in buckets.Ranges.SelectMany(ranges => ranges).OrderBy(range => range.Offset))
            {
                Assert.Equal(end, range.Offset);
                end += range.Count;
            }
            Assert.Equal(layout.Length, end);
            for (int stage = 0; stage < stages; stage++)
            {
                var complete = buckets.Slots.Take(stage + 1).SelectMany(slots => slots).ToHashSet();
                foreach (BufferRange range in buckets.Ranges[stage])
                {
                    Assert.True(range.Count >= least);
                    Assert.All(layout.Slots.Where(slot => slot.Offset < range.Offset + range.Count && range.Offset < slot.Offset + slot.Length), slot => Assert.Contains(slot, complete));
                }
            }
        });

    [Fact]
    public void A_parameter_belongs_to_the_first_stage_that_names_it_and_a_model_without_stages_is_one_piece()
    {
        ParameterLayout layout = Layout([(0, 50, true), (1, 50, true)]);
        Assert.Equal(["s0.p0"], GradientBuckets.Plan(layout, [["s0."], ["s0.", "s1."]], 1).Slots[0].Select(slot => slot.Name));
        Assert.Equal([new BufferRange(0, layout.Length)], Assert.Single(GradientBuckets.Plan(layout, []).Ranges));
    }
}
