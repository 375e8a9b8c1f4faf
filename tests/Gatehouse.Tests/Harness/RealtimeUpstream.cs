using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Gatehouse.Tests.Harness;

/// <summary>A provider of realtime sessions on a real WebSocket server; a script has each session to itself.</summary>
internal sealed class RealtimeUpstream : IAsyncDisposable
{
    private readonly WebApplication _application;

    private RealtimeUpstream(WebApplication application) => _application = application;

    public Uri Address => new(_application.Urls.First());

    /// <summary>What each handshake asked for: path with query, and headers.</summary>
    public ConcurrentQueue<(string Target, Dictionary<string, string> Headers)> Handshakes { get; } = new();

    /// <summary>How many sessions have ended, on whatever way.</summary>
    public int Ended => _ended;

    private int _ended;

    /// <param name="script">Has the session; when it returns, the connection is closed without another word.</param>
    /// <param name="refuse">Answers a handshake in another way, when it returns true.</param>
    public static async Task<RealtimeUpstream> StartAsync(Func<WebSocket, Task> script, Func<HttpContext, Task<bool>>? refuse = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        _ = builder.WebHost.UseUrls("http://127.0.0.1:0");
        var application = builder.Build();
        var upstream = new RealtimeUpstream(application);
        _ = application.UseWebSockets();
        application.Run(async http =>
        {
            upstream.Handshakes.Enqueue((
                http.Request.Path + http.Request.QueryString, http.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase)));
            if (refuse is not null && await refuse(http))
            {
                return;
            }

            using var socket = await http.WebSockets.AcceptWebSocketAsync(http.WebSockets.WebSocketRequestedProtocols.FirstOrDefault());
            try
            {
                await script(socket);
            }
            catch (Exception exception) when (exception is WebSocketException or OperationCanceledException)
            {
                // The gateway left.
            }
            finally
            {
                _ = Interlocked.Increment(ref upstream._ended);
            }
        });
        await application.StartAsync(TestContext.Current.CancellationToken);
        return upstream;
    }

    /// <summary>Says the same back until the other side closes, and closes with the same words.</summary>
    public static async Task EchoAsync(WebSocket socket)
    {
        var buffer = new byte[100_000];
        while (true)
        {
            var result = await socket.ReceiveAsync(buffer.AsMemory(), TestContext.Current.CancellationToken);
            if (result.MessageType == WebSocketMessageType.Close)
            {
                await socket.CloseOutputAsync(socket.CloseStatus!.Value, socket.CloseStatusDescription, TestContext.Current.CancellationToken);
                return;
            }

            await socket.SendAsync(buffer.AsMemory(0, result.Count), result.MessageType, result.EndOfMessage, TestContext.Current.CancellationToken);
        }
    }

    public ValueTask DisposeAsync() => _application.DisposeAsync();
}

internal static class Sockets
{
    public static Task SayAsync(this WebSocket socket, string text) =>
        socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, TestContext.Current.CancellationToken);

    /// <summary>The next whole message; null when the other side closes.</summary>
    public static async Task<(WebSocketMessageType Type, byte[] Bytes)?> HearAsync(this WebSocket socket)
    {
        using var message = new MemoryStream();
        var buffer = new byte[70_000];
        while (true)
        {
            var result = await socket.ReceiveAsync(buffer.AsMemory(), TestContext.Current.CancellationToken);
            if (result.MessageType == WebSocketMessageType.Close)
            {
                return null;
            }

            message.Write(buffer.AsSpan(0, result.Count));
            if (result.EndOfMessage)
            {
                return (result.MessageType, message.ToArray());
            }
        }
    }

    public static async Task<string?> HearTextAsync(this WebSocket socket) => await socket.HearAsync() is { } message ? Encoding.UTF8.GetString(message.Bytes) : null;
}
