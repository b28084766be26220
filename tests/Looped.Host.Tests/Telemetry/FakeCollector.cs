using System.Collections.Concurrent;
using System.Net;

namespace Looped.Host.Tests.Telemetry;

/// <summary>An OTLP/HTTP endpoint that remembers who asked for what and answers with one status.</summary>
internal sealed class FakeCollector : IDisposable
{
    private readonly HttpListener _listener = new();

    public FakeCollector(int status = 200)
    {
        Endpoint = $"http://127.0.0.1:{Ports.Free(1)}";
        _listener.Prefixes.Add(Endpoint + "/");
        _listener.Start();
        _ = Serve(status);
    }

    /// <summary>Its address.</summary>
    public string Endpoint { get; }

    /// <summary>Paths of the requests, with their size and key.</summary>
    public ConcurrentBag<(string Path, long Bytes, string? Key)> Requests { get; } = [];

    private async Task Serve(int status)
    {
        try
        {
            while (true)
            {
                HttpListenerContext context = await _listener.GetContextAsync();
                Requests.Add((context.Request.Url!.AbsolutePath, context.Request.ContentLength64, context.Request.Headers["x-otlp-api-key"]));
                context.Response.StatusCode = status;
                context.Response.Close();
            }
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    public void Dispose() => _listener.Close();
}
