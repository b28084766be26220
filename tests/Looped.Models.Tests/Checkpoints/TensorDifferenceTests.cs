using System.Runtime.InteropServices;
using CsCheck;
using Looped.Models.Checkpoints;
using Looped.Tests;

namespace Looped.Models.Tests.Checkpoints;

public sealed class TensorDifferenceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static NamedTensor Tensor<T>(ElementType type, params T[] values) where T : unmanaged =>
        new("t", type, [values.Length], MemoryMarshal.AsBytes<T>(values).ToArray());

    [Fact]
    public void Equal_bits_are_no_difference_even_if_they_are_not_numbers() => SafetensorsLaws.Tensors.Sample(tensor =>
        Assert.Null(TensorDifference.Of(tensor, tensor with { Data = tensor.Data.ToArray() })));

    [Fact]
    public void The_next_representable_number_is_one_unit_away_on_both_sides_of_zero() =>
        Gen.Float[-1e30f, 1e30f].Sample(value =>
        {
            TensorDifference difference = TensorDifference.Of(Tensor(ElementType.F32, value, 1f), Tensor(ElementType.F32, float.BitIncrement(value), 1f))!;
            Assert.Equal((2L, 1L, 1UL), (difference.Elements, difference.Different, difference.LargestUlps));
            Assert.Equal((double)float.BitIncrement(value) - value, difference.LargestAbsolute);
        });

    [Fact]
    public void The_largest_difference_is_reported_for_every_type()
    {
        (NamedTensor, NamedTensor, double, ulong)[] cases =
        [
            (Tensor(ElementType.F64, 1.0, 2), Tensor(ElementType.F64, Math.BitIncrement(1.0), 4), 2, 1UL << 52),
            (Tensor(ElementType.F32, -0f), Tensor(ElementType.F32, 0f), 0, 1),
            (Tensor(ElementType.F16, (Half)1), Tensor(ElementType.F16, (Half)2), 1, 1024),
            (Tensor(ElementType.BF16, (ushort)0x3f80), Tensor(ElementType.BF16, (ushort)0x3f81), 1 / 128.0, 1),
            (Tensor(ElementType.I64, -3L), Tensor(ElementType.I64, 4L), 7, 7),
            (Tensor(ElementType.I32, -1), Tensor(ElementType.I32, 1), 2, 2),
            (Tensor(ElementType.I16, (short)5), Tensor(ElementType.I16, (short)4), 1, 1),
            (Tensor(ElementType.I8, (sbyte)-128), Tensor(ElementType.I8, (sbyte)127), 255, 255),
            (Tensor(ElementType.U8, (byte)255), Tensor(ElementType.U8, (byte)0), 255, 255),
            (Tensor(ElementType.BOOL, true), Tensor(ElementType.BOOL, false), 1, 1),
        ];
        Assert.All(cases, c =>
        {
            TensorDifference difference = TensorDifference.Of(c.Item1, c.Item2)!;
            Assert.Equal((c.Item3, c.Item4), (difference.LargestAbsolute, difference.LargestUlps));
        });
    }

    [Fact]
    public void A_number_against_none_is_infinitely_far() =>
        Assert.Equal(double.PositiveInfinity, TensorDifference.Of(Tensor(ElementType.F32, float.NaN), Tensor(ElementType.F32, 1f))!.LargestAbsolute);

    [Fact]
    public void Another_shape_or_type_is_described() =>
        Assert.Equal("F32 [2] and I32 [2]", TensorDifference.Of(Tensor(ElementType.F32, 1f, 2), Tensor(ElementType.I32, 1, 2))!.Form);

    [Fact]
    public void Checkpoints_of_one_snapshot_do_not_differ_and_of_another_do()
    {
        string left = Snapshots.Write(_folder["a"], 5).Path, same = Snapshots.Write(_folder["b"], 5).Path, other = Snapshots.Write(_folder["c"], 6).Path;
        CheckpointDifference none = CheckpointDifference.Of(left, same);
        Assert.True(none.None);
        Assert.Equal(4, none.Tensors);

        CheckpointDifference difference = CheckpointDifference.Of(left, other);
        Assert.Equal(["wte.weight", "h.0.weight"], difference.Model.Select(d => d.Name));
        Assert.Equal(["exp_avg.wte.weight", "step.wte.weight"], difference.Optimizer.Select(d => d.Name));
        Assert.True(difference.State);
    }

    [Fact]
    public void A_tensor_that_only_one_checkpoint_has_is_named_and_one_that_cannot_be_read_is_an_error()
    {
        TrainingSnapshot snapshot = Snapshots.At(5);
        string left = Snapshots.Write(_folder["a"], 5).Path;
        string right = CheckpointWriter.Write(_folder["b"], snapshot with { Parameters = [snapshot.Parameters[0]] }, Snapshots.Info, "g1-test").Path;
        Assert.Equal($"only in {left}", Assert.Single(CheckpointDifference.Of(left, right).Model).Form);
        Assert.Equal($"only in {left}", Assert.Single(CheckpointDifference.Of(right, left).Model).Form);
        File.Delete(Path.Combine(right, "state.json"));
        Assert.Contains("state.json", Assert.Throws<LoopedException>(() => CheckpointDifference.Of(left, right)).Message, StringComparison.Ordinal);
    }
}
