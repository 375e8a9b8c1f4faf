namespace Gatehouse.Protocols.Chat;

/// <summary>Reads one streamed answer, frame by frame.</summary>
public abstract class ChatStreamReader
{
    /// <param name="eventName">The frame's event name; empty without one.</param>
    /// <param name="data">The frame's data: mostly JSON.</param>
    /// <param name="events">What it tells is added here.</param>
    /// <exception cref="MalformedException">It is not a frame of this dialect.</exception>
    public abstract void Read(ReadOnlySpan<byte> eventName, ReadOnlySpan<byte> data, List<ChatStreamEvent> events);

    /// <summary>
    /// The connection ended. Adds <see cref="AnswerEnded"/> if all was there and the dialect has no last frame of its own; adds nothing when
    /// the answer is not whole.
    /// </summary>
    public abstract void EndOfStream(List<ChatStreamEvent> events);
}
