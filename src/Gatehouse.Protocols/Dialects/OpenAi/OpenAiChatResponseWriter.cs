using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAi;

/// <summary>Writes whole answers as OpenAI's chat completions, or as Mistral's.</summary>
internal static class OpenAiChatResponseWriter
{
    public static void Write(ChatResponse response, AnswerContext context, Utf8JsonWriter writer, Dialect dialect)
    {
        writer.WriteStartObject();
        writer.WriteString("id", response.Id ?? $"chatcmpl-{context.Id}");
        if (OpenAiChatMembers.Kept(response.Extensions, dialect, "object") is null)
        {
            writer.WriteString("object", "chat.completion");
        }

        writer.WriteNumber("created", response.Created ?? context.Created);
        writer.WriteString("model", response.Model ?? context.Model);
        // Perplexity's list of pages goes on as it is; then it is not told again for the text.
        var hasSources = (OpenAiChatMembers.Kept(response.Extensions, dialect, "search_results") ?? OpenAiChatMembers.Kept(response.Extensions, dialect, "citations")) is not null;
        writer.WriteStartArray("choices");
        foreach (var choice in response.Choices)
        {
            WriteChoice(writer, hasSources ? WithoutCitations(choice) : choice, response.Dialect == dialect, context, dialect);
        }

        writer.WriteEndArray();
        if (response.Usage is { } usage && OpenAiChatMembers.Kept(response.Extensions, dialect, "usage") is null)
        {
            OpenAiChatUsage.Write(writer, usage);
        }

        if (dialect == Dialect.OpenAiChat)
        {
            writer.WriteOptional("service_tier", response.ServiceTier);
        }

        writer.WriteExtensions(response.Extensions, dialect);
        writer.WriteEndObject();
    }

    public static void WriteAudio(Utf8JsonWriter writer, AudioPart audio)
    {
        writer.WriteStartObject("audio");
        writer.WriteOptional("id", audio.Id);
        if (audio.Source.Base64 is { } data)
        {
            writer.WriteString("data", data.Span);
        }

        writer.WriteOptional("transcript", audio.Transcript);
        writer.WriteOptional("expires_at", audio.ExpiresAt);
        writer.WriteEndObject();
    }

    /// <summary>One source. Those that are no web page have no form here.</summary>
    public static void WriteAnnotation(Utf8JsonWriter writer, Citation citation, Dialect dialect, long start, long end)
    {
        if (citation.Dialect == dialect && citation.Value.ValueKind != JsonValueKind.Undefined)
        {
            writer.WriteElement(citation.Value);
            return;
        }

        writer.WriteStartObject();
        writer.WriteString("type", "url_citation");
        writer.WriteStartObject("url_citation");
        writer.WriteString("url", citation.Url);
        writer.WriteString("title", citation.Title ?? citation.Url);
        writer.WriteNumber("start_index", citation.Start ?? start);
        writer.WriteNumber("end_index", citation.End ?? end);
        writer.WriteOptional("content", citation.CitedText);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    public static bool HasForm(Citation citation, Dialect dialect) => citation.Dialect == dialect || citation.Url is not null;

    private static ChatChoice WithoutCitations(ChatChoice choice) => choice with
    {
        Parts = [.. choice.Parts.Select(p => p is TextPart text ? text with { Citations = [.. text.Citations.Where(c => c.Value.ValueKind != JsonValueKind.Undefined)] } : p)],
    };

    private static void WriteChoice(Utf8JsonWriter writer, ChatChoice choice, bool isOwn, AnswerContext context, Dialect dialect)
    {
        writer.WriteStartObject();
        writer.WriteNumber("index", choice.Index);
        writer.WriteStartObject("message");
        writer.WriteString("role", "assistant");
        var hasCalls = WriteMessage(writer, choice, context, dialect);
        writer.WriteExtensions(choice.MessageExtensions, dialect);
        writer.WriteEndObject();
        writer.WriteOptional("logprobs", choice.Logprobs);
        if (choice.Stop is not { } stop)
        {
            // Whole answers have a reason; one whose provider does not tell it has ended.
            stop = new Stop(StopReason.EndTurn, null);
            isOwn = false;
        }

        writer.WriteString("finish_reason", isOwn && stop.Raw is { } raw ? raw : OpenAiChatStop.WordOf(stop, hasCalls, context.Request.UsesLegacyFunctions, dialect));
        writer.WriteExtensions(choice.Extensions, dialect);
        writer.WriteEndObject();
    }

    /// <returns>Whether it has tool calls.</returns>
    private static bool WriteMessage(Utf8JsonWriter writer, ChatChoice choice, AnswerContext context, Dialect dialect)
    {
        var parts = choice.Parts;
        if (dialect == Dialect.Mistral && parts.Any(p => p is ReasoningPart or OpaquePart { Dialect: Dialect.Mistral }))
        {
            WriteChunks(writer, parts);
        }
        else
        {
            OpenAiChatReasoning.Write(writer, parts, dialect);
            WriteText(writer, choice, parts, dialect);
        }

        if (parts.OfType<RefusalPart>().ToList() is { Count: > 0 } refusals)
        {
            writer.WriteString("refusal", string.Concat(refusals.Select(r => r.Text)));
        }
        else if (dialect == Dialect.OpenAiChat && OpenAiChatMembers.Kept(choice.MessageExtensions, dialect, "refusal") is null)
        {
            writer.WriteNull("refusal");
        }

        WriteAnnotations(writer, parts, dialect);
        if (parts.OfType<AudioPart>().FirstOrDefault() is { } audio)
        {
            WriteAudio(writer, audio);
        }

        WriteImages(writer, parts, dialect);
        return WriteCalls(writer, choice, parts, context, dialect);
    }

    private static void WriteText(Utf8JsonWriter writer, ChatChoice choice, IReadOnlyList<Part> parts, Dialect dialect)
    {
        var texts = new List<string>();
        Signature? signature = null;
        foreach (var part in parts)
        {
            if (part is TextPart piece)
            {
                texts.Add(piece.Text);
                signature = piece.Signature ?? signature;
            }
        }

        if (string.Concat(texts) is { Length: > 0 } text)
        {
            writer.WriteString("content", text);
        }
        else if (OpenAiChatMembers.Kept(choice.MessageExtensions, dialect, "content") is null)
        {
            writer.WriteNull("content");
        }

        OpenAiChatToolCalls.WriteExtraSignature(writer, signature);
    }

    private static void WriteChunks(Utf8JsonWriter writer, IReadOnlyList<Part> parts)
    {
        writer.WriteStartArray("content");
        foreach (var part in parts)
        {
            switch (part)
            {
                case ReasoningPart { IsRedacted: false } reasoning:
                    writer.WriteStartObject();
                    OpenAiChatContentWriter.WriteThinking(writer, reasoning);
                    writer.WriteExtensions(reasoning.Extensions, Dialect.Mistral);
                    writer.WriteEndObject();
                    break;
                case TextPart text:
                    writer.WriteStartObject();
                    writer.WriteString("type", "text");
                    writer.WriteString("text", text.Text);
                    writer.WriteExtensions(text.Extensions, Dialect.Mistral);
                    writer.WriteEndObject();
                    break;
                case OpaquePart { Dialect: Dialect.Mistral } opaque:
                    writer.WriteElement(opaque.Value);
                    break;
            }
        }

        writer.WriteEndArray();
    }

    private static void WriteAnnotations(Utf8JsonWriter writer, IReadOnlyList<Part> parts, Dialect dialect)
    {
        var isOpen = false;
        var start = 0L;
        foreach (var part in parts)
        {
            if (part is not TextPart text)
            {
                continue;
            }

            foreach (var citation in text.Citations)
            {
                if (!HasForm(citation, dialect))
                {
                    continue;
                }

                if (!isOpen)
                {
                    writer.WriteStartArray("annotations");
                    isOpen = true;
                }

                WriteAnnotation(writer, citation, dialect, start, start + text.Text.Length);
            }

            start += text.Text.Length;
        }

        if (isOpen)
        {
            writer.WriteEndArray();
        }
    }

    private static void WriteImages(Utf8JsonWriter writer, IReadOnlyList<Part> parts, Dialect dialect)
    {
        if (!parts.Any(p => p is ImagePart))
        {
            return;
        }

        // OpenRouter's form: the format has none of its own.
        writer.WriteStartArray("images");
        foreach (var image in parts.OfType<ImagePart>().Where(i => i.Source is not { Base64: null, Url: null }))
        {
            writer.WriteStartObject();
            writer.WriteString("type", "image_url");
            writer.WriteStartObject("image_url");
            DataUrl.Write(writer, "url", image.Source, "image/png");
            writer.WriteEndObject();
            writer.WriteExtensions(image.Extensions, dialect);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static bool WriteCalls(Utf8JsonWriter writer, ChatChoice choice, IReadOnlyList<Part> parts, AnswerContext context, Dialect dialect)
    {
        var calls = parts.OfType<ToolCallPart>().ToList();
        if (calls.Count == 0 || OpenAiChatMembers.Kept(choice.MessageExtensions, dialect, OpenAiChatToolCalls.FunctionCall)?.Text("name") is { Length: > 0 })
        {
            return calls.Count > 0;
        }

        if (context.Request.UsesLegacyFunctions)
        {
            OpenAiChatToolCalls.WriteLegacy(writer, calls[0]);
            return true;
        }

        writer.WriteStartArray("tool_calls");
        foreach (var call in calls)
        {
            OpenAiChatToolCalls.Write(writer, call, call.Id, dialect);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        return true;
    }
}
