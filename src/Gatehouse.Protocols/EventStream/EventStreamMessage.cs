namespace Gatehouse.Protocols.EventStream;

/// <summary>
/// One message of an event stream, with the headers that AWS services give a meaning to (Smithy, "Amazon Event Stream": every message has
/// <c>:message-type</c>). Its spans are valid until the reader's next <see cref="EventStreamReader.GetMemory"/> or
/// <see cref="EventStreamReader.ReleaseBuffer"/>. What a message does not have is empty.
/// </summary>
public readonly ref struct EventStreamMessage
{
    private readonly ReadOnlySpan<byte> _headers;

    internal EventStreamMessage(ReadOnlySpan<byte> headers, ReadOnlySpan<byte> payload)
    {
        _headers = headers;
        Payload = payload;
        foreach (var header in Headers)
        {
            if (header.Type != EventStreamValueType.Text || header.Name[0] != (byte)':')
            {
                continue;
            }

            if (header.Name.SequenceEqual(":message-type"u8))
            {
                MessageType = header.Value;
            }
            else if (header.Name.SequenceEqual(":event-type"u8))
            {
                EventType = header.Value;
            }
            else if (header.Name.SequenceEqual(":content-type"u8))
            {
                ContentType = header.Value;
            }
            else if (header.Name.SequenceEqual(":exception-type"u8))
            {
                ExceptionType = header.Value;
            }
            else if (header.Name.SequenceEqual(":error-code"u8))
            {
                ErrorCode = header.Value;
            }
            else if (header.Name.SequenceEqual(":error-message"u8))
            {
                ErrorMessage = header.Value;
            }
        }
    }

    /// <summary><c>event</c>, <c>exception</c> or <c>error</c>.</summary>
    public ReadOnlySpan<byte> MessageType { get; }

    /// <summary>Which event it is, such as <c>contentBlockDelta</c>.</summary>
    public ReadOnlySpan<byte> EventType { get; }

    /// <summary>Of the payload, such as <c>application/json</c>.</summary>
    public ReadOnlySpan<byte> ContentType { get; }

    /// <summary>A failure that the service's model names, such as <c>throttlingException</c>; the payload describes it.</summary>
    public ReadOnlySpan<byte> ExceptionType { get; }

    /// <summary>A failure that no model names, with <see cref="ErrorMessage"/> in place of a payload.</summary>
    public ReadOnlySpan<byte> ErrorCode { get; }

    public ReadOnlySpan<byte> ErrorMessage { get; }

    public ReadOnlySpan<byte> Payload { get; }

    /// <summary>Whether it tells of a failure that ends the stream.</summary>
    public bool IsFailure => MessageType.SequenceEqual("exception"u8) || MessageType.SequenceEqual("error"u8);

    /// <summary>All headers, of every type.</summary>
    public EventStreamHeaders Headers => new(_headers);
}
