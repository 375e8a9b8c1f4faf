using System.Buffers;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAi;

/// <summary>The events of a realtime session (openai-openapi 2.3.0, RealtimeServerEvent*).</summary>
public sealed class OpenAiRealtimeFacts : AnswerFacts
{
    private static readonly JsonReaderOptions ReaderOptions = new() { MaxDepth = 512 };

    /// <summary>Events are read whole.</summary>
    public override IReadOnlyList<string> Members => [];

    /// <summary>A session ends when one side says so.</summary>
    public override bool IsFinished => false;

    /// <summary>
    /// Reads one event of the server. Each <c>response.done</c> reports the usage of its own response, and each finished transcription of
    /// the caller's speech its own: they add up. xAI reports it beside "response", and an empty one in it. What is not a JSON object is passed over.
    /// </summary>
    public override bool Read(ReadOnlySpan<byte> json, out ChunkTraits traits)
    {
        traits = ChunkTraits.None;
        var reader = new Utf8JsonReader(json, ReaderOptions);
        var seen = default(RealtimeEvent);
        try
        {
            if (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
            {
                ReadEvent(ref reader, ref seen);
            }
        }
        catch (JsonException)
        {
            return false;
        }

        switch (seen.Type)
        {
            case "response.done" or "conversation.item.input_audio_transcription.completed" when seen.Usage is { } usage:
                Usage = Usage is null ? usage : Usage.Plus(usage);
                break;
            case "session.created" or "transcription_session.created":
                Id ??= seen.Id;
                Model ??= seen.Model;
                break;
            case "error":
                ErrorMessage = seen.Error;
                break;
            case "response.text.delta" or "response.output_text.delta" or "response.audio_transcript.delta" or "response.output_audio_transcript.delta"
                or "response.function_call_arguments.delta":
                TextBytes += seen.DeltaBytes;
                break;
        }

        return true;
    }

    /// <summary>Writes the event that tells a caller of a failure of its session.</summary>
    public static void WriteError(IBufferWriter<byte> destination, string eventId, string message, string type, string code)
    {
        using var writer = new Utf8JsonWriter(destination);
        writer.WriteStartObject();
        writer.WriteString("type"u8, "error"u8);
        writer.WriteString("event_id"u8, eventId);
        writer.WriteStartObject("error"u8);
        writer.WriteString("type"u8, type);
        writer.WriteString("code"u8, code);
        writer.WriteString("message"u8, message);
        writer.WriteNull("param"u8);
        writer.WriteNull("event_id"u8);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void ReadEvent(ref Utf8JsonReader reader, ref RealtimeEvent seen)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.TextIs("type"u8))
            {
                seen.Type = ReadString(ref reader);
            }
            else if (reader.TextIs("usage"u8))
            {
                _ = reader.Read();
                seen.Usage = OpenAiUsageReader.Read(ref reader) ?? seen.Usage;
            }
            else if (reader.TextIs("delta"u8))
            {
                _ = reader.Read();
                seen.DeltaBytes = reader.TokenType == JsonTokenType.String ? reader.ValueSpan.Length : 0;
                reader.Skip();
            }
            else if (reader.TextIs("response"u8) || reader.TextIs("session"u8) || reader.TextIs("error"u8))
            {
                ReadInner(ref reader, ref seen);
            }
            else
            {
                _ = reader.Read();
                reader.Skip();
            }
        }
    }

    private static void ReadInner(ref Utf8JsonReader reader, ref RealtimeEvent seen)
    {
        _ = reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.TextIs("usage"u8))
            {
                _ = reader.Read();
                seen.Usage = OpenAiUsageReader.Read(ref reader) ?? seen.Usage;
            }
            else if (reader.TextIs("id"u8))
            {
                seen.Id = ReadString(ref reader);
            }
            else if (reader.TextIs("model"u8))
            {
                seen.Model = ReadString(ref reader);
            }
            else if (reader.TextIs("message"u8))
            {
                seen.Error = ReadString(ref reader);
            }
            else
            {
                _ = reader.Read();
                reader.Skip();
            }
        }
    }

    private static string? ReadString(ref Utf8JsonReader reader)
    {
        _ = reader.Read();
        if (reader.TokenType != JsonTokenType.String)
        {
            reader.Skip();
            return null;
        }

        try
        {
            return reader.GetString();
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair: facts are for the record, the bytes pass all the same.
            return null;
        }
    }

    private struct RealtimeEvent
    {
        public string? Type;
        public Usage? Usage;
        public string? Id;
        public string? Model;
        public string? Error;
        public int DeltaBytes;
    }
}
