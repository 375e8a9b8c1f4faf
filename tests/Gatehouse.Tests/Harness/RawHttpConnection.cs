using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Gatehouse.Tests.Harness;

/// <summary>What a client saw that sent a request on an open connection.</summary>
internal enum RawEnding
{
    /// <summary>The whole answer, as HTTP delimits it.</summary>
    Whole,

    /// <summary>
    /// The connection was closed before a byte of the answer: RFC 9112, 9.3.1 speaks of it, and on a connection that was used before clients
    /// send the request again.
    /// </summary>
    ClosedBeforeAnswer,

    /// <summary>Part of an answer.</summary>
    Cut,
}

internal sealed record RawAnswer(RawEnding Ending, int Status, string Head, string Body)
{
    /// <summary>The server will take nothing more on this connection, and says so.</summary>
    public bool Closes => Head.Contains("\r\nconnection: close", StringComparison.OrdinalIgnoreCase);
}

/// <summary>A kept-alive HTTP/1.1 connection without a library that would repeat, hide or interpret anything.</summary>
internal sealed class RawHttpConnection : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly List<byte> _received = [];
    private readonly byte[] _buffer = new byte[16 * 1024];

    /// <summary>Answers that came on it.</summary>
    public int Answers { get; private set; }

    /// <returns>Null when the connection is refused.</returns>
    public static async Task<RawHttpConnection?> OpenAsync(Uri address)
    {
        var connection = new RawHttpConnection();
        try
        {
            await connection._socket.ConnectAsync(address.Host, address.Port, TestContext.Current.CancellationToken);
            return connection;
        }
        catch (SocketException)
        {
            connection.Dispose();
            return null;
        }
    }

    public async Task<RawAnswer> SendAsync(string request)
    {
        try
        {
            var bytes = Encoding.UTF8.GetBytes(request).AsMemory();
            while (!bytes.IsEmpty)
            {
                bytes = bytes[await _socket.SendAsync(bytes, TestContext.Current.CancellationToken)..];
            }
        }
        catch (SocketException)
        {
            // Closed by the server; an answer may be there all the same.
        }

        var head = await ReadHeadAsync();
        if (head is null)
        {
            return new RawAnswer(_received.Count == 0 ? RawEnding.ClosedBeforeAnswer : RawEnding.Cut, 0, "", "");
        }

        var body = await ReadBodyAsync(head);
        Answers++;
        return new RawAnswer(
            body is null ? RawEnding.Cut : RawEnding.Whole, int.Parse(head.AsSpan("HTTP/1.1 ".Length, 3), CultureInfo.InvariantCulture), head, body ?? "");
    }

    public void Dispose() => _socket.Dispose();

    private async Task<string?> ReadHeadAsync()
    {
        while (true)
        {
            var text = Encoding.Latin1.GetString([.. _received]);
            var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end >= 0)
            {
                _received.RemoveRange(0, end + 4);
                return text[..(end + 2)];
            }

            if (!await FillAsync())
            {
                return null;
            }
        }
    }

    private async Task<string?> ReadBodyAsync(string head)
    {
        const string Length = "content-length: ";
        var at = head.IndexOf(Length, StringComparison.OrdinalIgnoreCase);
        if (at >= 0)
        {
            var digits = head[(at + Length.Length)..head.IndexOf("\r\n", at, StringComparison.Ordinal)];
            return await TakeAsync(int.Parse(digits, CultureInfo.InvariantCulture)) is { } body ? Encoding.UTF8.GetString(body) : null;
        }

        var chunks = new List<byte>();
        while (await ReadLineAsync() is { } line)
        {
            var size = int.Parse(line, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            if (await TakeAsync(size + 2) is not { } chunk)
            {
                return null;
            }

            if (size == 0)
            {
                return Encoding.UTF8.GetString([.. chunks]);
            }

            chunks.AddRange(chunk.AsSpan(0, size));
        }

        return null;
    }

    private async Task<string?> ReadLineAsync()
    {
        while (true)
        {
            var end = _received.IndexOf((byte)'\n');
            if (end >= 0)
            {
                return Encoding.ASCII.GetString((await TakeAsync(end + 1))!).TrimEnd();
            }

            if (!await FillAsync())
            {
                return null;
            }
        }
    }

    private async Task<byte[]?> TakeAsync(int count)
    {
        while (_received.Count < count)
        {
            if (!await FillAsync())
            {
                return null;
            }
        }

        var taken = _received.GetRange(0, count).ToArray();
        _received.RemoveRange(0, count);
        return taken;
    }

    private async Task<bool> FillAsync()
    {
        try
        {
            var count = await _socket.ReceiveAsync(_buffer, TestContext.Current.CancellationToken);
            _received.AddRange(_buffer.AsSpan(0, count));
            return count > 0;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
