using System.Text.Json;

namespace Looped.Actors.Tests;

public class WireSerializerTests
{
    [Fact]
    public void Every_message_type_has_a_manifest()
    {
        Type[] messages = [.. typeof(IWireMessage).Assembly.GetTypes().Where(t => typeof(IWireMessage).IsAssignableFrom(t) && !t.IsInterface)];
        Assert.Empty(messages.Except(WireSerializer.Types));
        Assert.All(messages, type => Assert.NotNull(WireContext.Default.GetTypeInfo(type)));
    }

    [Fact]
    public void Numbers_that_are_not_finite_survive()
    {
        var report = new Training.StepReport(1, 2, double.NaN, 1e-3, double.PositiveInfinity, 5, 6, 7, 1, 1, true);
        string json = JsonSerializer.Serialize(new Supervision.StepCommitted(report), typeof(Supervision.StepCommitted), WireContext.Default);
        Assert.Equal(report, ((Supervision.StepCommitted)JsonSerializer.Deserialize(json, typeof(Supervision.StepCommitted), WireContext.Default)!).Report);
    }
}
