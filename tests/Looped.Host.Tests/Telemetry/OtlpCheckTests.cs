using Looped.Host.Doctor;

namespace Looped.Host.Tests.Telemetry;

public class OtlpCheckTests
{
    private static Finding Examine(string? endpoint, string? headers = null, string? protocol = "http/protobuf") => OtlpCheck.Examine(name => name switch
    {
        "OTEL_EXPORTER_OTLP_ENDPOINT" => endpoint,
        "OTEL_EXPORTER_OTLP_HEADERS" => headers,
        "OTEL_EXPORTER_OTLP_PROTOCOL" => protocol,
        _ => null,
    });

    [Fact]
    public void Without_an_endpoint_there_is_nothing_to_mend() => Assert.Equal(Severity.Ok, Examine(null).Severity);

    [Fact]
    public void An_endpoint_that_takes_signals_is_fine_and_is_given_the_key()
    {
        using var collector = new FakeCollector();
        Assert.Equal(Severity.Ok, Examine(collector.Endpoint, "x-otlp-api-key=a%20key").Severity);
        Assert.Equal(("/v1/traces", 0, "a key"), Assert.Single(collector.Requests));
    }

    [Fact]
    public void A_wrong_key_is_named_with_the_remedy()
    {
        using var collector = new FakeCollector(401);
        Finding finding = Examine(collector.Endpoint);
        Assert.Equal(Severity.Warn, finding.Severity);
        Assert.Contains("refuses the key", finding.Fact, StringComparison.Ordinal);
        Assert.Contains("OTEL_EXPORTER_OTLP_HEADERS", finding.Remedy, StringComparison.Ordinal);
    }

    [Theory, InlineData("grpc"), InlineData("http/protobuf"), InlineData(null)]
    public void An_endpoint_that_nobody_serves_is_said_to_be_unreachable(string? protocol)
    {
        Finding finding = Examine($"http://127.0.0.1:{Ports.Free(1)}", protocol: protocol);
        Assert.Equal(Severity.Warn, finding.Severity);
        Assert.Contains("cannot be reached", finding.Fact, StringComparison.Ordinal);
    }

    [Fact]
    public void Something_else_on_the_port_is_no_endpoint()
    {
        using var other = new FakeCollector(404);
        Assert.Contains("answers 404", Examine(other.Endpoint).Fact, StringComparison.Ordinal);
    }
}
