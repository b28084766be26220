using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Looped.Tests;

namespace Looped.Host.Tests.Dashboards;

/// <summary>A page in a headless Chromium, driven by its debugging protocol: only what a test of a page needs.</summary>
internal sealed class Browser : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _profile;
    private readonly Process _process;
    private readonly ClientWebSocket _socket = new();
    private int _calls;

    private Browser(TemporaryFolder profile, Process process) => (_profile, _process) = (profile, process);

    /// <summary>Opens an empty page; skips the test where there is no Chromium.</summary>
    public static async Task<Browser> Open(int width, int height)
    {
        string chromium = ProgramOnPath.Require("chromium", "chromium");
        var profile = new TemporaryFolder();
        Process process = Process.Start(new ProcessStartInfo(chromium,
        [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", "--disable-dev-shm-usage", "--remote-debugging-port=0", $"--window-size={width},{height}", $"--user-data-dir={profile.Root}", "about:blank",
        ])
        { RedirectStandardError = true })!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        var browser = new Browser(profile, process);
        using var http = new HttpClient();
        string port = await browser.Until(() => Task.FromResult(File.Exists(profile["DevToolsActivePort"]) && File.ReadAllLines(profile["DevToolsActivePort"]) is [var first, ..] ? first : null), "Chromium");
        JsonArray pages = JsonNode.Parse(await http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/json/list"), TestContext.Current.CancellationToken))!.AsArray();
        string page = (string)pages.First(p => (string?)p!["type"] == "page")!["webSocketDebuggerUrl"]!;
        await browser._socket.ConnectAsync(new Uri(page), TestContext.Current.CancellationToken);
        return browser;
    }

    /// <summary>Goes to an address.</summary>
    public Task Go(string address) => Call("Page.navigate", new JsonObject { ["url"] = address });

    /// <summary>Waits until the page's text contains something, and gives the text.</summary>
    public Task<string> Shows(string wanted) => Until(async () => await Text() is var text && text.Contains(wanted, StringComparison.Ordinal) ? text : null, wanted);

    /// <summary>The value of a JavaScript expression, as text.</summary>
    public async Task<string?> Evaluate(string expression) =>
        (await Call("Runtime.evaluate", new JsonObject { ["expression"] = expression, ["returnByValue"] = true }))["result"]?["value"]?.ToString();

    /// <summary>A picture of what is visible, PNG.</summary>
    public async Task<byte[]> Picture() => Convert.FromBase64String((string)(await Call("Page.captureScreenshot", new JsonObject { ["format"] = "png" }))["data"]!);

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
        _profile.Dispose();
    }

    // Custom elements keep their text in shadow roots, which innerText does not see.
    private async Task<string> Text() => await Evaluate(
        "(function all(n){let t='';for(const c of n.childNodes){if(c.nodeType===3)t+=c.data+' ';else if(c.nodeType===1&&!['SCRIPT','STYLE'].includes(c.tagName))t+=(c.shadowRoot?all(c.shadowRoot):'')+all(c)}return t})(document.body||document)") ?? "";

    private async Task<JsonNode> Call(string method, JsonObject parameters)
    {
        int id = ++_calls;
        var message = new JsonObject { ["id"] = id, ["method"] = method, ["params"] = parameters };
        await _socket.SendAsync(Encoding.UTF8.GetBytes(message.ToJsonString()), WebSocketMessageType.Text, endOfMessage: true, TestContext.Current.CancellationToken);
        while (true)
        {
            JsonNode answer = await Receive();
            if ((int?)answer["id"] == id) return answer["result"] ?? throw new InvalidOperationException($"{method}: {answer["error"]}");
        }
    }

    private async Task<JsonNode> Receive()
    {
        var buffer = new byte[1 << 16];
        using var whole = new MemoryStream();
        ValueWebSocketReceiveResult part;
        do
        {
            part = await _socket.ReceiveAsync(buffer.AsMemory(), TestContext.Current.CancellationToken);
            whole.Write(buffer, 0, part.Count);
        }
        while (!part.EndOfMessage);
        return JsonNode.Parse(whole.ToArray())!;
    }

    private async Task<string> Until(Func<Task<string?>> found, string wanted)
    {
        var waited = Stopwatch.StartNew();
        while (true)
        {
            if (await found() is { } text) return text;
            if (waited.Elapsed > Patience) Assert.Fail($"{wanted} did not appear within {Patience.TotalSeconds} s; the page shows: {(_socket.State == WebSocketState.Open ? await Text() : "")}");
            await Task.Delay(200, TestContext.Current.CancellationToken);
        }
    }
}
