using System.Buffers;
using System.Net.WebSockets;

namespace Gatehouse.Upstream.Realtime;

internal enum PumpEnd
{
    /// <summary>The side that is read sent its Close frame.</summary>
    Closed,

    /// <summary>The side that is read vanished.</summary>
    SourceBroke,

    /// <summary>The side that is written to vanished.</summary>
    DestinationBroke,

    MessageTooLong,

    /// <summary>A time limit, or the caller's leave.</summary>
    Stopped,

    /// <summary>Whoever looks at it wants no more.</summary>
    Enough,
}

/// <summary>A piece of a message; its bytes are there only while it is looked at.</summary>
internal readonly record struct RealtimePiece(ReadOnlyMemory<byte> Bytes, bool IsText, bool IsEnd, bool IsPassed);

/// <summary>Passes messages on from one WebSocket to the other, piece by piece as they arrive. While it is silent no buffer is held.</summary>
/// <param name="seen">Gets every piece after it was passed on, or was not because of <see cref="IsMuted"/>; false ends the pumping.</param>
internal sealed class RealtimePump(WebSocket source, WebSocket destination, int maxMessage, Func<RealtimePiece, bool> seen)
{
    private const int BufferSize = 16 * 1024;

    private volatile bool _isMuted;

    /// <summary>From now on what arrives is looked at, and not passed on.</summary>
    public bool IsMuted
    {
        get => _isMuted;
        set => _isMuted = value;
    }

    /// <param name="read">Ends the reading, and with it the source: a WebSocket does not survive a cancelled read.</param>
    /// <param name="write">Ends the writing, and with it the destination.</param>
    public async Task<PumpEnd> RunAsync(CancellationToken read, CancellationToken write)
    {
        long length = 0;
        while (true)
        {
            byte[]? buffer = null;
            try
            {
                ValueWebSocketReceiveResult result;
                try
                {
                    // Returns with the head of the next frame; only then is a buffer taken.
                    result = await source.ReceiveAsync(Memory<byte>.Empty, read);
                    if (result is { MessageType: not WebSocketMessageType.Close, EndOfMessage: false })
                    {
                        buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
                        result = await source.ReceiveAsync(buffer.AsMemory(), read);
                    }
                }
                catch (Exception exception) when (IsBreak(exception))
                {
                    return read.IsCancellationRequested ? PumpEnd.Stopped : PumpEnd.SourceBroke;
                }

                if (result.MessageType == WebSocketMessageType.Close)
                {
                    return PumpEnd.Closed;
                }

                length += result.Count;
                if (length > maxMessage)
                {
                    return PumpEnd.MessageTooLong;
                }

                var piece = buffer.AsMemory(0, result.Count);
                var isPassed = !IsMuted;
                if (isPassed)
                {
                    try
                    {
                        await destination.SendAsync(piece, result.MessageType, result.EndOfMessage, write);
                    }
                    catch (Exception exception) when (IsBreak(exception))
                    {
                        return write.IsCancellationRequested ? PumpEnd.Stopped : PumpEnd.DestinationBroke;
                    }
                }

                if (!seen(new RealtimePiece(piece, result.MessageType == WebSocketMessageType.Text, result.EndOfMessage, isPassed)))
                {
                    return PumpEnd.Enough;
                }

                length = result.EndOfMessage ? 0 : length;
            }
            finally
            {
                if (buffer is not null)
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                }
            }
        }
    }

    private static bool IsBreak(Exception exception) =>
        exception is WebSocketException or IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException;
}
