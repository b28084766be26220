using System.Net;
using System.Net.Http.Headers;

namespace Looped.Host.Doctor;

/// <summary>
/// The OTLP endpoint of the environment, tried with an empty export: exporters say nothing when it is unreachable or refuses their key.
/// </summary>
internal static class OtlpCheck
{
    private const string Subject = "OTLP";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>Examines the endpoint that the standard variables name.</summary>
    public static Finding Here() => Examine(Environment.GetEnvironmentVariable);

    /// <summary>Examines an endpoint.</summary>
    /// <param name="variable">Reads a variable of the environment.</param>
    public static Finding Examine(Func<string, string?> variable)
    {
        if (variable("OTEL_EXPORTER_OTLP_ENDPOINT") is not { Length: > 0 } endpoint)
            return Finding.Ok(Subject, "no endpoint (OTEL_EXPORTER_OTLP_ENDPOINT); signals are not sent unless a recipe says telemetry.otlp");
        if (!Uri.TryCreate(endpoint, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("http" or "https"))
            return Finding.Warn(Subject, $"{endpoint} is no address", "set OTEL_EXPORTER_OTLP_ENDPOINT to a URL, such as http://127.0.0.1:4317");
        bool grpc = (variable("OTEL_EXPORTER_OTLP_PROTOCOL") ?? "grpc") == "grpc";
        try
        {
            return Judge(endpoint, grpc, Send(uri, grpc, variable("OTEL_EXPORTER_OTLP_HEADERS")));
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException or IOException)
        {
            string protocol = grpc ? "gRPC" : "HTTP";
            return Finding.Warn(Subject, $"{endpoint} cannot be reached by {protocol}: {e.GetBaseException().Message}",
                "start the collector or dashboard there, correct OTEL_EXPORTER_OTLP_ENDPOINT, or set OTEL_EXPORTER_OTLP_PROTOCOL (grpc on 4317, http/protobuf on 4318); training goes on without it");
        }
    }

    private static Finding Judge(string endpoint, bool grpc, (HttpStatusCode Http, string? Grpc) answer) => answer switch
    {
        (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden, _) or (_, "16" or "7") => Finding.Warn(Subject, $"{endpoint} refuses the key",
            "set OTEL_EXPORTER_OTLP_HEADERS to what it expects, for the Aspire dashboard x-otlp-api-key=KEY; until then it drops every signal"),
        (HttpStatusCode.OK, "0" or null) when grpc == answer.Grpc is not null => Finding.Ok(Subject, $"{endpoint} takes signals by {(grpc ? "gRPC" : "HTTP")}"),
        _ => Finding.Warn(Subject, $"{endpoint} answers {(int)answer.Http}{(answer.Grpc is null ? "" : $", gRPC status {answer.Grpc}")}",
            "it is no OTLP endpoint for this protocol: check OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_EXPORTER_OTLP_PROTOCOL (grpc on 4317, http/protobuf on 4318)"),
    };

    /// <summary>Sends an export of nothing.</summary>
    private static (HttpStatusCode Http, string? Grpc) Send(Uri endpoint, bool grpc, string? headers)
    {
        using var client = new HttpClient { Timeout = Patience };
        string path = grpc ? "/opentelemetry.proto.collector.trace.v1.TraceService/Export" : $"{endpoint.AbsolutePath.TrimEnd('/')}/v1/traces";
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(endpoint, path));
        // An empty message is nothing in protobuf, and five bytes of frame around nothing in gRPC.
        request.Content = new ByteArrayContent(grpc ? new byte[5] : []);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(grpc ? "application/grpc" : "application/x-protobuf");
        if (grpc)
        {
            (request.Version, request.VersionPolicy) = (HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact);
            request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        }
        foreach (string header in (headers ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            if (header.Split('=', 2) is [var name, var value]) request.Headers.TryAddWithoutValidation(name.Trim(), Uri.UnescapeDataString(value.Trim()));
        // The synchronous method knows no HTTP/2.
        using HttpResponseMessage response = client.SendAsync(request).GetAwaiter().GetResult();
        using (Stream body = response.Content.ReadAsStream()) body.CopyTo(Stream.Null); // trailers come after it
        string? status = response.Headers.TryGetValues("grpc-status", out IEnumerable<string>? inHeaders) ? inHeaders.First()
            : response.TrailingHeaders.TryGetValues("grpc-status", out IEnumerable<string>? trailing) ? trailing.First() : null;
        return (response.StatusCode, status);
    }
}
