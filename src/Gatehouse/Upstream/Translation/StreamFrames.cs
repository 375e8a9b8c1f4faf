using System.Text;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.EventStream;
using Gatehouse.Protocols.NdJson;
using Gatehouse.Protocols.Sse;

namespace Gatehouse.Upstream.Translation;

/// <summary>The frames of a streamed answer, whatever its framing. Memory is held only while a frame is unfinished.</summary>
internal abstract class StreamFrames : IDisposable
{
    /// <summary>Why the stream cannot be read further; null while it can.</summary>
    public abstract string? Trouble { get; }

    /// <summary>Something of a frame is there, but not its end.</summary>
    public abstract bool HasUnfinished { get; }

    public static StreamFrames Of(StreamFraming framing, int maxFrameLength) => framing switch
    {
        StreamFraming.AwsEventStream => new AwsFrames(maxFrameLength),
        StreamFraming.JsonLines => new LineFrames(maxFrameLength),
        _ => new SseFrames(maxFrameLength),
    };

    public abstract Memory<byte> GetMemory(int sizeHint);

    public abstract void Advance(int count);

    /// <summary>The next frame that has data.</summary>
    public abstract bool TryRead(out ReadOnlySpan<byte> eventName, out ReadOnlySpan<byte> data);

    /// <summary>Nothing follows: what is unfinished may be a frame whose last line end is missing.</summary>
    public abstract void Complete();

    public abstract void ReleaseBuffer();

    public abstract void Dispose();

    private sealed class SseFrames(int maxFrameLength) : StreamFrames
    {
        private readonly SseFrameReader _frames = new(maxFrameLength);

        public override string? Trouble => _frames.IsFrameTooLong ? $"sent a stream frame of more than {maxFrameLength} bytes" : null;

        public override bool HasUnfinished => !_frames.Unfinished.IsEmpty;

        public override Memory<byte> GetMemory(int sizeHint) => _frames.GetMemory(sizeHint);

        public override void Advance(int count) => _frames.Advance(count);

        public override bool TryRead(out ReadOnlySpan<byte> eventName, out ReadOnlySpan<byte> data)
        {
            while (_frames.TryReadFrame(out var bytes))
            {
                var frame = SseFrame.Parse(bytes);
                if (frame.HasData)
                {
                    eventName = frame.EventName;
                    data = frame.Data;
                    return true;
                }

                // Vertex breaks off with its error as plain JSON, without any framing.
                if (bytes.TrimStart(" \r\n\t"u8) is [(byte)'{' or (byte)'[', ..])
                {
                    eventName = "error"u8;
                    data = bytes;
                    return true;
                }
            }

            eventName = data = default;
            return false;
        }

        public override void Complete()
        {
            if (HasUnfinished)
            {
                "\n\n"u8.CopyTo(_frames.GetMemory(2).Span);
                _frames.Advance(2);
            }
        }

        public override void ReleaseBuffer() => _frames.ReleaseBuffer();

        public override void Dispose() => _frames.Dispose();
    }

    /// <summary>AWS's binary event stream: the event's name is the type of the event, or of the exception.</summary>
    private sealed class AwsFrames(int maxFrameLength) : StreamFrames
    {
        private readonly EventStreamReader _frames = new(maxFrameLength);

        public override string? Trouble => _frames.Error == EventStreamError.None ? null : $"sent an event stream that cannot be read ({_frames.Error})";

        public override bool HasUnfinished => !_frames.Unfinished.IsEmpty;

        public override Memory<byte> GetMemory(int sizeHint) => _frames.GetMemory(sizeHint);

        public override void Advance(int count) => _frames.Advance(count);

        public override bool TryRead(out ReadOnlySpan<byte> eventName, out ReadOnlySpan<byte> data)
        {
            if (!_frames.TryReadMessage(out var message))
            {
                eventName = data = default;
                return false;
            }

            if (!message.ErrorCode.IsEmpty)
            {
                eventName = "error"u8;
                data = ErrorJson(message);
                return true;
            }

            eventName = message.IsFailure ? message.ExceptionType : message.EventType;
            data = message.Payload;
            return true;
        }

        public override void Complete()
        {
        }

        public override void ReleaseBuffer() => _frames.ReleaseBuffer();

        public override void Dispose() => _frames.Dispose();

        private static byte[] ErrorJson(EventStreamMessage message) => JsonSerializer.SerializeToUtf8Bytes(
            new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["code"] = Encoding.UTF8.GetString(message.ErrorCode),
                ["message"] = Encoding.UTF8.GetString(message.ErrorMessage),
            });
    }

    private sealed class LineFrames(int maxFrameLength) : StreamFrames
    {
        private readonly NdJsonReader _lines = new(maxFrameLength);
        private bool _isComplete;

        public override string? Trouble => _lines.IsLineTooLong ? $"sent a line of more than {maxFrameLength} bytes" : null;

        public override bool HasUnfinished => !_lines.Unfinished.IsEmpty;

        public override Memory<byte> GetMemory(int sizeHint) => _lines.GetMemory(sizeHint);

        public override void Advance(int count) => _lines.Advance(count);

        public override bool TryRead(out ReadOnlySpan<byte> eventName, out ReadOnlySpan<byte> data)
        {
            eventName = default;
            return _lines.TryReadLine(out data) || (_isComplete && _lines.TryReadLastLine(out data));
        }

        public override void Complete() => _isComplete = true;

        public override void ReleaseBuffer() => _lines.ReleaseBuffer();

        public override void Dispose() => _lines.Dispose();
    }
}
