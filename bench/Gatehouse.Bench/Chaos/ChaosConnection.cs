using System.Buffers.Text;
using System.Net.Sockets;
using System.Text;

namespace Gatehouse.Bench.Chaos;

/// <summary>One connection to an upstream: reads requests one after the other and writes whatever its script wants.</summary>
internal sealed class ChaosConnection(Socket socket, ChaosUpstream upstream)
{
    private byte[] _buffer = new byte[4096];
    private int _length;
    private bool _isClosed;
    private volatile bool _isAnswering;
    private volatile bool _isLast;

    private static ReadOnlySpan<byte> ContentLength => "\r\ncontent-length:"u8;

    public async Task RunAsync()
    {
        while (!_isClosed && !_isLast && await ReadRequestAsync() is { } request)
        {
            _isAnswering = true;
            await new FaultScript(this, upstream, request).AnswerAsync(upstream.Admit(request));
            _isAnswering = false;
        }
    }

    /// <summary>Takes no further request: resets an idle connection, and lets an answer that has begun come to its end.</summary>
    public void Retire()
    {
        _isLast = true;
        if (!_isAnswering)
        {
            Reset();
        }
    }

    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[await socket.SendAsync(bytes, upstream.Stopping)..];
        }
    }

    public Task SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text));

    /// <summary>Several chunks in one segment.</summary>
    public Task SendChunksAsync(params ReadOnlySpan<byte[]> chunks)
    {
        var bytes = new List<byte>(1024);
        foreach (var chunk in chunks)
        {
            bytes.AddRange(Encoding.ASCII.GetBytes(chunk.Length.ToString("x") + "\r\n"));
            bytes.AddRange(chunk);
            bytes.AddRange("\r\n"u8);
        }

        return SendAsync(bytes.ToArray());
    }

    public Task EndChunksAsync() => SendAsync("0\r\n\r\n"u8.ToArray());

    public void Reset()
    {
        try
        {
            socket.LingerState = new LingerOption(enable: true, seconds: 0);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The other side was faster.
        }

        Close();
    }

    public void Close()
    {
        _isClosed = true;
        socket.Dispose();
    }

    /// <summary>Stays silent until the other side closes the connection.</summary>
    public async Task UntilPeerClosesAsync()
    {
        while (await socket.ReceiveAsync(_buffer, upstream.Stopping) > 0)
        {
        }

        Close();
    }

    private async Task<ChaosRequest?> ReadRequestAsync()
    {
        int head;
        while ((head = _buffer.AsSpan(0, _length).IndexOf("\r\n\r\n"u8)) < 0)
        {
            if (!await FillAsync())
            {
                return null;
            }
        }

        var start = head + 4;
        var end = BodyLength(_buffer.AsSpan(0, start)) is { } length ? start + length : -1;
        while (end < 0 || _length < end)
        {
            // The end of a body in chunks is looked for, not counted: no body of this bench has these bytes inside.
            if (end < 0 && _buffer.AsSpan(start, _length - start).IndexOf("0\r\n\r\n"u8) is var last and >= 0)
            {
                end = start + last + 5;
                break;
            }

            if (!await FillAsync())
            {
                return null;
            }
        }

        var request = ChaosRequest.Read(_buffer.AsSpan(start, end - start));
        _buffer.AsSpan(end, _length - end).CopyTo(_buffer);
        _length -= end;
        return request;
    }

    /// <returns>Null where the body comes in chunks.</returns>
    private static int? BodyLength(Span<byte> head)
    {
        foreach (ref var value in head)
        {
            value = value is >= (byte)'A' and <= (byte)'Z' ? (byte)(value | 0x20) : value;
        }

        var at = head.IndexOf(ContentLength);
        return at >= 0 && Utf8Parser.TryParse(head[(at + ContentLength.Length)..].TrimStart((byte)' '), out int length, out _) ? length : null;
    }

    private async Task<bool> FillAsync()
    {
        if (_length == _buffer.Length)
        {
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }

        var count = await socket.ReceiveAsync(_buffer.AsMemory(_length), upstream.Stopping);
        _length += count;
        return count > 0;
    }
}
