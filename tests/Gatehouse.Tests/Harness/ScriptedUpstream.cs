using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Gatehouse.Tests.Harness;

/// <summary>One request as it came over the wire.</summary>
internal sealed record SeenRequest(string Method, string Target, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    public string Text => Encoding.UTF8.GetString(Body);
}

/// <summary>
/// A provider on raw sockets: a script has the connection to itself, so that it can answer with anything, in any pieces, break off
/// anywhere, or stay silent. Connections are kept alive while the script returns true.
/// </summary>
internal sealed class ScriptedUpstream : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<SeenRequest, UpstreamConnection, Task> _script;
    private readonly Task _loop;

    public ScriptedUpstream(Func<SeenRequest, UpstreamConnection, Task> script)
    {
        _script = script;
        _listener.Start();
        Address = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");
        _loop = Task.Run(AcceptAsync);
    }

    public Uri Address { get; }

    /// <summary>All requests, in the order in which their bodies were complete.</summary>
    public ConcurrentQueue<SeenRequest> Requests { get; } = new();

    /// <summary>How many connections the other side has closed or reset.</summary>
    public int ClosedByPeer => _closedByPeer;

    /// <summary>How many connections were made.</summary>
    public int Connections => _connections;

    private int _closedByPeer;
    private int _connections;

    /// <summary>An upstream that always answers with the same JSON.</summary>
    public static ScriptedUpstream Json(string body, int status = 200) => new((_, connection) => connection.RespondAsync(status, "application/json", body));

    /// <summary>An upstream that streams these frames and ends properly.</summary>
    public static ScriptedUpstream Stream(params string[] frames) => new(async (_, connection) =>
    {
        await connection.StartChunkedAsync(200, "text/event-stream");
        foreach (var frame in frames)
        {
            await connection.ChunkAsync(Encoding.UTF8.GetBytes(frame));
        }

        await connection.EndChunksAsync();
    });

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _loop;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptSocketAsync(_stop.Token);
                _ = Interlocked.Increment(ref _connections);
                connections.Add(Task.Run(() => ServeAsync(socket)));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // The last one when it was stopped before it began to accept.
            await Task.WhenAll(connections);
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        socket.NoDelay = true;
        await using var connection = new UpstreamConnection(socket, () => Interlocked.Increment(ref _closedByPeer), _stop.Token);
        try
        {
            while (await connection.ReadRequestAsync() is { } request)
            {
                Requests.Enqueue(request);
                await _script(request, connection);
                if (connection.IsClosed)
                {
                    return;
                }
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or SocketException or ObjectDisposedException)
        {
            // The gateway left, or the test is over.
        }
    }
}

/// <summary>One connection of the upstream, for a script to write to.</summary>
internal sealed class UpstreamConnection(Socket socket, Action closedByPeer, CancellationToken stop) : IAsyncDisposable
{
    private readonly NetworkStream _stream = new(socket, ownsSocket: true);
    private byte[] _buffer = new byte[16 * 1024];
    private int _length;

    public CancellationToken Stop => stop;

    public bool IsClosed { get; private set; }

    /// <summary>Sends bytes as they are.</summary>
    public Task SendAsync(ReadOnlyMemory<byte> bytes) => _stream.WriteAsync(bytes, stop).AsTask();

    public Task SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text));

    public Task RespondAsync(int status, string contentType, string body, params string[] headers) =>
        RespondAsync(status, contentType, Encoding.UTF8.GetBytes(body), headers);

    public async Task RespondAsync(int status, string contentType, byte[] body, params string[] headers)
    {
        await SendAsync(Head(status, contentType, headers) + $"content-length: {body.Length}\r\n\r\n");
        await SendAsync(body);
    }

    public Task StartChunkedAsync(int status, string contentType, params string[] headers) =>
        SendAsync(Head(status, contentType, headers) + "transfer-encoding: chunked\r\n\r\n");

    public async Task ChunkAsync(ReadOnlyMemory<byte> bytes) =>
        await SendAsync((byte[])[.. Encoding.ASCII.GetBytes(bytes.Length.ToString("x", CultureInfo.InvariantCulture) + "\r\n"), .. bytes.Span, .. "\r\n"u8]);

    public Task ChunkAsync(string text) => ChunkAsync(Encoding.UTF8.GetBytes(text));

    public Task EndChunksAsync() => SendAsync("0\r\n\r\n");

    /// <summary>Closes with a reset.</summary>
    public void Reset()
    {
        IsClosed = true;
        socket.LingerState = new LingerOption(enable: true, seconds: 0);
        socket.Dispose();
    }

    /// <summary>Closes without a word.</summary>
    public void Close()
    {
        IsClosed = true;
        socket.Dispose();
    }

    /// <summary>Stays silent until the other side closes the connection.</summary>
    public async Task UntilPeerClosesAsync()
    {
        try
        {
            while (await _stream.ReadAsync(_buffer, stop) > 0)
            {
            }
        }
        catch (IOException)
        {
            // A reset is a close, too.
        }

        closedByPeer();
        Close();
    }

    public async Task<SeenRequest?> ReadRequestAsync()
    {
        int headEnd;
        while ((headEnd = _buffer.AsSpan(0, _length).IndexOf("\r\n\r\n"u8)) < 0)
        {
            if (!await FillAsync())
            {
                return null;
            }
        }

        var lines = Encoding.Latin1.GetString(_buffer, 0, headEnd).Split("\r\n");
        var first = lines[0].Split(' ');
        var headers = lines.Skip(1).Select(line => line.Split(':', 2)).GroupBy(pair => pair[0].Trim(), StringComparer.OrdinalIgnoreCase)
            .ToDictionary(group => group.Key, group => string.Join(", ", group.Select(pair => pair[1].Trim())), StringComparer.OrdinalIgnoreCase);
        Consume(headEnd + 4);
        var body = headers.TryGetValue("content-length", out var length) ? await TakeAsync(int.Parse(length, CultureInfo.InvariantCulture))
            : headers.ContainsKey("transfer-encoding") ? await ReadChunksAsync()
            : [];
        return new SeenRequest(first[0], first[1], headers, body);
    }

    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    private static string Head(int status, string contentType, string[] headers) =>
        $"HTTP/1.1 {status} Status\r\ncontent-type: {contentType}\r\n" + string.Concat(headers.Select(header => header + "\r\n"));

    private async Task<byte[]> ReadChunksAsync()
    {
        var body = new List<byte>();
        while (true)
        {
            int lineEnd;
            while ((lineEnd = _buffer.AsSpan(0, _length).IndexOf("\r\n"u8)) < 0)
            {
                Assert.True(await FillAsync(), "the request ended inside a chunk");
            }

            var size = int.Parse(Encoding.ASCII.GetString(_buffer, 0, lineEnd), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            Consume(lineEnd + 2);
            body.AddRange((await TakeAsync(size + 2)).AsSpan(0, size));
            if (size == 0)
            {
                return [.. body];
            }
        }
    }

    private async Task<byte[]> TakeAsync(int count)
    {
        while (_length < count)
        {
            if (!await FillAsync())
            {
                throw new IOException("The request ended inside its body.");
            }
        }

        var taken = _buffer[..count];
        Consume(count);
        return taken;
    }

    private async Task<bool> FillAsync()
    {
        if (_length == _buffer.Length)
        {
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }

        var count = await _stream.ReadAsync(_buffer.AsMemory(_length), stop);
        _length += count;
        return count > 0;
    }

    private void Consume(int count)
    {
        _buffer.AsSpan(count, _length - count).CopyTo(_buffer);
        _length -= count;
    }
}
