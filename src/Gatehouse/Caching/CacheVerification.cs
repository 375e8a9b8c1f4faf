using System.Text;
using System.Text.Json;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;
using Gatehouse.Protocols.Sse;

namespace Gatehouse.Caching;

/// <summary>
/// Whether two answers say the same. Of conversations that is the text of each choice, with runs of white space as one space, and the names and
/// arguments of tool calls; of anything else the whole body without what is new in every answer. What cannot be read is compared to the letter.
/// </summary>
internal static class CacheVerification
{
    public const int MaxLength = 64 * 1024 * 1024;

    private static readonly string[] NewEachTime = ["id", "created", "usage", "meta", "system_fingerprint", "usageMetadata", "responseId"];

    public static bool IsSame(Operation operation, CacheEntry kept, byte[] now)
    {
        try
        {
            return operation.IsChat
                ? string.Equals(Said(operation.Dialect, kept.IsEventStream, kept.Body), Said(operation.Dialect, kept.IsEventStream, now), StringComparison.Ordinal)
                : Stripped(kept.Body).AsSpan().SequenceEqual(Stripped(now));
        }
        catch (Exception exception) when (exception is JsonException or MalformedException or InvalidOperationException)
        {
            return kept.Body.AsSpan().SequenceEqual(now);
        }
    }

    private static string Said(Dialect dialect, bool isStream, byte[] body)
    {
        var answer = isStream ? Collected(dialect, body) : Read(dialect, body);
        var said = new StringBuilder();
        foreach (var choice in answer.Choices.OrderBy(choice => choice.Index))
        {
            _ = said.Append('\n').Append(choice.Index).Append(':');
            foreach (var part in choice.Parts)
            {
                switch (part)
                {
                    case TextPart text:
                        _ = said.Append(Spaced(text.Text));
                        break;
                    case RefusalPart refusal:
                        _ = said.Append('!').Append(Spaced(refusal.Text));
                        break;
                    case ToolCallPart call:
                        _ = said.Append('(').Append(call.Name).Append(' ').Append(Arguments(call.Arguments)).Append(')');
                        break;
                }
            }
        }

        return said.ToString();
    }

    private static ChatResponse Read(Dialect dialect, byte[] body)
    {
        using var document = JsonDocument.Parse(body, JsonWriting.ReadOptions);
        return document.RootElement.ValueKind == JsonValueKind.Array
            // A stream of Gemini's as one array: it has the same chunks.
            ? Collected(dialect, Frames(document.RootElement))
            : Codecs.Of(dialect).ReadResponse(document.RootElement.Clone(), "verified");
    }

    private static byte[] Frames(JsonElement array) =>
        Encoding.UTF8.GetBytes(string.Concat(array.EnumerateArray().Select(chunk => $"data: {chunk.GetRawText().ReplaceLineEndings(" ")}\n\n")));

    private static ChatResponse Collected(Dialect dialect, byte[] body)
    {
        using var frames = new SseFrameReader(MaxLength);
        body.CopyTo(frames.GetMemory(body.Length));
        frames.Advance(body.Length);
        var reader = Codecs.Of(dialect).NewStreamReader("verified");
        var events = new List<ChatStreamEvent>();
        while (frames.TryReadFrame(out var bytes))
        {
            var frame = SseFrame.Parse(bytes);
            if (frame.HasData)
            {
                reader.Read(frame.EventName, frame.Data, events);
            }
        }

        reader.EndOfStream(events);
        var collector = new AnswerCollector(dialect);
        events.ForEach(collector.Add);
        return collector.ToResponse();
    }

    private static string Spaced(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private static string Arguments(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, JsonWriting.ReadOptions);
            var text = new System.Buffers.ArrayBufferWriter<byte>();
            CanonicalJson.Write(document.RootElement, text);
            return Encoding.UTF8.GetString(text.WrittenSpan);
        }
        catch (JsonException)
        {
            return json;
        }
    }

    private static byte[] Stripped(byte[] body)
    {
        using var document = JsonDocument.Parse(body, JsonWriting.ReadOptions);
        var text = new System.Buffers.ArrayBufferWriter<byte>(body.Length);
        if (document.RootElement.ValueKind != JsonValueKind.Object)
        {
            CanonicalJson.Write(document.RootElement, text);
            return text.WrittenSpan.ToArray();
        }

        foreach (var member in CanonicalJson.SortedMembers(document.RootElement))
        {
            if (!NewEachTime.Contains(JsonMembers.NameOf(member), StringComparer.Ordinal))
            {
                CanonicalJson.WriteName(member, text);
                CanonicalJson.Write(member.Value, text);
            }
        }

        return text.WrittenSpan.ToArray();
    }
}
