using System.Buffers;
using System.Text;
using Gatehouse.Pipeline;
using Gatehouse.Routing.Traits;

namespace Gatehouse.Tests.Routing.Traits;

/// <summary>Bodies of requests, whole and in pieces.</summary>
internal static class Bodies
{
    public static ReadOnlySequence<byte> Of(string json) => new(Encoding.UTF8.GetBytes(json));

    public static RequestTraits Read(Operation operation, string json) => RequestTraits.Read(operation, Of(json));

    public static RequestTraits Chat(string members) => Read(Operation.Chat, $$"""{"model":"m",{{members}}}""");

    public static Operation Named(string name) => name switch
    {
        "chat" => Operation.Chat,
        "responses" => Operation.Responses,
        "anthropic" => Operation.Messages,
        "gemini" => Operation.GenerateContent,
        "embeddings" => Operation.Embeddings,
        "completions" => Operation.Completion,
        "rerank" => Operation.Rerank,
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "not an operation of these tests"),
    };

    public static ReadOnlySequence<byte> Cut(byte[] bytes, int length)
    {
        Piece? first = null;
        Piece? last = null;
        for (var offset = 0; offset < bytes.Length; offset += length)
        {
            // A copy, so that nothing can be read beyond the end of a piece by luck.
            last = new Piece(bytes.AsSpan(offset, Math.Min(length, bytes.Length - offset)).ToArray(), last);
            first ??= last;
        }

        return first is null ? ReadOnlySequence<byte>.Empty : new ReadOnlySequence<byte>(first, 0, last!, last!.Memory.Length);
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(ReadOnlyMemory<byte> memory, Piece? previous)
        {
            Memory = memory;
            if (previous is not null)
            {
                RunningIndex = previous.RunningIndex + previous.Memory.Length;
                previous.Next = this;
            }
        }
    }
}
