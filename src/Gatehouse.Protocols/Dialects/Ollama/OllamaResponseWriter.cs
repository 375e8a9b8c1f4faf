using System.Globalization;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Ollama;

/// <summary>Writes whole answers: the first choice, since Ollama has one. Of a sound that a model made, the transcript is told.</summary>
internal static class OllamaResponseWriter
{
    public static void Write(ChatResponse response, AnswerContext context, Utf8JsonWriter writer)
    {
        var isOwn = response.Dialect == Dialect.Ollama;
        var choice = response.Choices.Count > 0 ? response.Choices[0] : new ChatChoice(0, [], null);
        writer.WriteStartObject();
        WriteHead(writer, response.Model ?? context.Model, response.Created ?? context.Created, response.Extensions);
        WriteMessage(writer, choice, isOwn);
        WriteLogprobs(writer, choice.Logprobs);
        WriteEnd(writer, choice.Stop, isOwn, response.Usage);
        writer.WriteExtensions(response.Extensions, Dialect.Ollama);
        writer.WriteEndObject();
    }

    /// <param name="writer">In an answer's object.</param>
    /// <param name="model">The model that answered.</param>
    /// <param name="created">Unix seconds.</param>
    /// <param name="extensions">May have the time as it was written.</param>
    public static void WriteHead(Utf8JsonWriter writer, string model, long created, Extensions? extensions)
    {
        writer.WriteString("model"u8, model);
        if (OpenAiChatMembers.Kept(extensions, Dialect.Ollama, "created_at") is null)
        {
            writer.WriteString("created_at"u8, TimeOf(created));
        }
    }

    /// <summary>"done", why, and how much it took.</summary>
    public static void WriteEnd(Utf8JsonWriter writer, Stop? stop, bool isOwn, Usage? usage)
    {
        writer.WriteBoolean("done"u8, !isOwn || stop is not null);
        if (!isOwn || stop?.Raw is not null)
        {
            writer.WriteString("done_reason"u8, stop switch
            {
                { Raw: { } raw } when isOwn => raw,
                { Reason: StopReason.MaxTokens or StopReason.ContextWindow } => "length",
                _ => "stop",
            });
        }

        if (usage?.InputTokens is not null)
        {
            writer.WriteNumber("prompt_eval_count"u8, usage.InputTokens.Value + (usage.CacheReadTokens ?? 0) + (usage.CacheWriteTokens ?? 0));
        }

        writer.WriteOptional("eval_count", usage?.OutputTokens);
    }

    public static void WriteLogprobs(Utf8JsonWriter writer, JsonElement? logprobs)
    {
        if (logprobs?.Array("content") is { } tokens)
        {
            writer.WritePropertyName("logprobs"u8);
            writer.WriteElement(tokens);
        }
    }

    /// <summary>A text alone: there is no place for a code.</summary>
    public static void WriteError(ChatError error, Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("error"u8, error.Message);
        writer.WriteEndObject();
    }

    /// <summary>RFC 3339.</summary>
    public static string TimeOf(long created)
    {
        var seconds = Math.Clamp(created, DateTimeOffset.MinValue.ToUnixTimeSeconds(), DateTimeOffset.MaxValue.ToUnixTimeSeconds());
        return DateTimeOffset.FromUnixTimeSeconds(seconds).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
    }

    private static void WriteMessage(Utf8JsonWriter writer, ChatChoice choice, bool isOwn)
    {
        writer.WriteStartObject("message"u8);
        writer.WriteString("role"u8, "assistant"u8);
        writer.WriteString("content"u8, string.Concat(choice.Parts.Select(p => p switch
        {
            TextPart text => text.Text,
            RefusalPart refusal => refusal.Text,
            AudioPart audio => audio.Transcript,
            _ => null,
        })));
        var thinking = string.Concat(choice.Parts.OfType<ReasoningPart>().Select(r => r.Text));
        if (thinking.Length > 0)
        {
            writer.WriteString("thinking"u8, thinking);
        }

        var images = choice.Parts.OfType<ImagePart>().Where(i => i.Source.Base64 is not null).ToList();
        if (images.Count > 0)
        {
            writer.WriteStartArray("images"u8);
            images.ForEach(i => writer.WriteStringValue(i.Source.Base64!.Value.Span));
            writer.WriteEndArray();
        }

        var calls = choice.Parts.OfType<ToolCallPart>().ToList();
        if (calls.Count > 0)
        {
            writer.WriteStartArray("tool_calls"u8);
            for (var i = 0; i < calls.Count; i++)
            {
                OllamaMessageWriter.WriteCall(writer, calls[i], isOwn, i);
            }

            writer.WriteEndArray();
        }

        writer.WriteExtensions(choice.MessageExtensions, Dialect.Ollama);
        writer.WriteEndObject();
    }
}
