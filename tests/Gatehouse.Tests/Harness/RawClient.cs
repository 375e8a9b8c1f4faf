using System.Net.Sockets;
using System.Text;

namespace Gatehouse.Tests.Harness;

/// <summary>A client on a raw socket: it sends what an HTTP library would normalise or refuse, and leaves when it likes.</summary>
internal sealed class RawClient : IAsyncDisposable
{
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    public static Task<RawClient> ConnectAsync(GatewayHost gateway) => ConnectAsync(gateway.Address);

    public static async Task<RawClient> ConnectAsync(Uri address)
    {
        var client = new RawClient();
        await client._socket.ConnectAsync(address.Host, address.Port, TestContext.Current.CancellationToken);
        return client;
    }

    /// <summary>One request with the test key on a connection of its own, and the whole answer, head and body.</summary>
    public static async Task<string> SendAsync(GatewayHost gateway, string requestLine, params string[] headers)
    {
        await using var client = await ConnectAsync(gateway);
        await client.SendAsync($"{requestLine} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {GatewayHost.Key}\r\n"
            + string.Concat(headers.Select(header => header + "\r\n")) + "\r\n");
        return await client.ReadToEndAsync();
    }

    public Task SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text));

    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await _socket.SendAsync(bytes, TestContext.Current.CancellationToken)..];
        }
    }

    /// <summary>What is there, at least one byte; empty at the end.</summary>
    public async Task<string> ReadSomeAsync()
    {
        var buffer = new byte[4096];
        return Encoding.UTF8.GetString(buffer, 0, await _socket.ReceiveAsync(buffer, TestContext.Current.CancellationToken));
    }

    public async Task<string> ReadToEndAsync()
    {
        var text = new StringBuilder();
        while (await ReadSomeAsync() is { Length: > 0 } part)
        {
            _ = text.Append(part);
        }

        return text.ToString();
    }

    /// <summary>Leaves with a reset, as a killed process does.</summary>
    public void Reset()
    {
        _socket.LingerState = new LingerOption(enable: true, seconds: 0);
        _socket.Dispose();
    }

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        return ValueTask.CompletedTask;
    }
}
