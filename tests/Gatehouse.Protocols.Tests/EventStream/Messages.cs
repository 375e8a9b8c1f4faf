using System.Text;
using Gatehouse.Protocols.EventStream;

namespace Gatehouse.Protocols.Tests.EventStream;

/// <summary>A message as values that can be kept and compared.</summary>
internal sealed record Message(string Headers, string Payload)
{
    public static Message Of(EventStreamMessage message)
    {
        var headers = new List<string>();
        foreach (var header in message.Headers)
        {
            headers.Add($"{Encoding.UTF8.GetString(header.Name)}={header.Type}:{Convert.ToHexString(header.Value)}");
        }

        return new Message(string.Join(';', headers), Convert.ToHexString(message.Payload));
    }
}

/// <summary>All that a reader makes of a stream.</summary>
internal sealed record ReadStream(IReadOnlyList<Message> Messages, EventStreamError Error, int Unfinished)
{
    public static ReadStream Read(byte[] bytes, int[] cuts, int maxMessageLength = 1 << 20)
    {
        using var reader = new EventStreamReader(maxMessageLength);
        var messages = new List<Message>();
        foreach (var piece in Generators.Cuts.Cut(bytes, cuts))
        {
            piece.CopyTo(reader.GetMemory(piece.Length));
            reader.Advance(piece.Length);
            while (reader.TryReadMessage(out var message))
            {
                messages.Add(Message.Of(message));
            }

            reader.ReleaseBuffer();
        }

        return new ReadStream(messages, reader.Error, reader.Unfinished.Length);
    }
}
