using Looped.Actors;
using Looped.Models;
using Looped.Models.Native;
using Mono.Cecil;
using static Looped.Models.Native.Numbers;
using static TorchSharp.torch;

namespace Looped.Host.Tests;

public class NumbersTests
{
    /// <summary>The bare loop that a step is measured against hands a compiled function its numbers as any user of TorchSharp would.</summary>
    private static readonly string[] Exempt = [typeof(Numbers).FullName!, "Looped.Host.Benchmarks.BareLoop"];

    [Fact]
    public void Nothing_but_Numbers_makes_a_number_that_a_finalizer_could_free_under_an_operation()
    {
        using ModuleDefinition torchSharp = Read(typeof(TorchSharp.torch));
        Dictionary<string, MethodReference[]> calls = Methods(torchSharp).ToDictionary(m => m.FullName, m => Calls(m).ToArray());
        // Methods of TorchSharp that make a number, themselves or in what they call.
        var makers = new HashSet<string>();
        for (int before = -1; makers.Count > before;)
        {
            before = makers.Count;
            makers.UnionWith(calls.Where(c => !c.Key.Contains(" TorchSharp.Scalar::", StringComparison.Ordinal) && c.Value.Any(Makes)).Select(c => c.Key));
        }
        Assert.Contains(makers, m => m.Contains("torch/Tensor::op_Addition(TorchSharp.torch/Tensor,TorchSharp.torch/Tensor)", StringComparison.Ordinal));

        string[] found = [.. new[] { typeof(LoopedException), typeof(RunEnvironment), typeof(CommandLine.Terminal) }.SelectMany(type =>
        {
            using ModuleDefinition ours = Read(type);
            return Methods(ours).Where(m => !Exempt.Contains(Outermost(m.DeclaringType).FullName))
                .SelectMany(m => Calls(m).Where(Makes).Select(call => $"{m.FullName} calls {call.FullName}")).ToArray();
        })];
        Assert.Empty(found);

        bool Makes(MethodReference call) => makers.Contains(call.FullName)
            || (call.DeclaringType.FullName == "TorchSharp.Scalar" && call.Name is "op_Implicit" or ".ctor")
            || (call.DeclaringType.FullName.StartsWith("TorchSharp.ScalarExtension", StringComparison.Ordinal) && call.ReturnType.FullName == "TorchSharp.Scalar");
    }

    [Fact]
    public void A_number_survives_collections_until_64_more_were_asked_for()
    {
        using var scope = NewDisposeScope();
        TorchSharp.Scalar half = Number(0.5);
        for (int i = 0; i < 63; i++) Number((long)i);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.Equal(1f, ones(1).mul(half).add(half, One).item<float>());
    }

    [Fact]
    public void They_are_the_operations_they_are_named_for()
    {
        using var scope = NewDisposeScope();
        Tensor x = tensor(new double[] { 3, -4 });
        Assert.Equal([6, -8], x.Plus(x).data<double>());
        Assert.Equal([3.5, -3.5], x.Plus(0.5).data<double>());
        Assert.Equal([1.5, -2], x.Times(0.5).data<double>());
        Assert.Equal([1.5, -2], x.Over(2).data<double>());
        Assert.Equal([-2, 5], OneMinus(x).data<double>());
        Assert.Equal([9, 16], x.Squared().data<double>());
        Assert.Equal([2L, 3, 4], Range(2, 5, CPU).data<long>());
        Assert.Equal([6, -8], x.Plus_(x).data<double>());
        Assert.Equal([6, -8], x.data<double>());
    }

    private static ModuleDefinition Read(Type type) => ModuleDefinition.ReadModule(type.Assembly.Location);

    private static IEnumerable<MethodDefinition> Methods(ModuleDefinition module) => module.GetTypes().SelectMany(t => t.Methods).Where(m => m.HasBody);

    private static IEnumerable<MethodReference> Calls(MethodDefinition method) => method.Body.Instructions.Select(i => i.Operand).OfType<MethodReference>();

    private static TypeDefinition Outermost(TypeDefinition type)
    {
        while (type.DeclaringType is { } outer) type = outer;
        return type;
    }
}
