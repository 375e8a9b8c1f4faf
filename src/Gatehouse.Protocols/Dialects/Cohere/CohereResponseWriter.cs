using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Cohere;

/// <summary>
/// Writes whole answers: the first choice, since Cohere has one. Images and sounds of a model have no place in it; of a sound, the
/// transcript is told.
/// </summary>
internal static class CohereResponseWriter
{
    public static void Write(ChatResponse response, AnswerContext context, Utf8JsonWriter writer)
    {
        var isOwn = response.Dialect == Dialect.Cohere;
        var choice = response.Choices.Count > 0 ? response.Choices[0] : new ChatChoice(0, [], null);
        writer.WriteStartObject();
        writer.WriteString("id", response.Id ?? context.Id);
        WriteMessage(writer, choice, isOwn);
        if (!isOwn || choice.Stop is not null)
        {
            writer.WriteString("finish_reason", CohereStop.WordOf(choice.Stop, isOwn, choice.Parts.Any(p => p is ToolCallPart)));
        }

        if (OpenAiChatMembers.Kept(response.Extensions, Dialect.Cohere, "usage") is null && response.Usage is { } usage)
        {
            WriteUsage(writer, usage);
        }

        if (OpenAiChatMembers.Kept(response.Extensions, Dialect.Cohere, "logprobs") is null && choice.Logprobs?.Array("content") is { } tokens)
        {
            writer.WriteStartArray("logprobs");
            foreach (var token in tokens.EnumerateArray())
            {
                CohereLogprobs.WriteItem(writer, token);
            }

            writer.WriteEndArray();
        }

        writer.WriteExtensions(response.Extensions, Dialect.Cohere);
        writer.WriteEndObject();
    }

    /// <summary>What was charged Cohere alone could tell: only what the model saw is told.</summary>
    public static void WriteUsage(Utf8JsonWriter writer, Usage usage)
    {
        writer.WriteStartObject("usage");
        writer.WriteStartObject("tokens");
        writer.WriteNumber("input_tokens", (usage.InputTokens ?? 0) + (usage.CacheReadTokens ?? 0) + (usage.CacheWriteTokens ?? 0));
        writer.WriteNumber("output_tokens", usage.OutputTokens ?? 0);
        writer.WriteOptional("reasoning_tokens", usage.ReasoningTokens);
        writer.WriteOptional("image_tokens", usage.ImageInputTokens);
        writer.WriteEndObject();
        writer.WriteOptional("cached_tokens", usage.CacheReadTokens);
        writer.WriteEndObject();
    }

    public static void WriteError(ChatError error, Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteOptional("id", error.RequestId);
        writer.WriteString("message", error.Message);
        writer.WriteOptional("error_type", error.Code);
        writer.WriteEndObject();
    }

    private static void WriteMessage(Utf8JsonWriter writer, ChatChoice choice, bool isOwn)
    {
        writer.WriteStartObject("message");
        writer.WriteString("role", "assistant");
        WriteContent(writer, choice.Parts);
        var plans = choice.Parts.OfType<TextPart>().Where(CohereMessageReader.IsPlan).Select(p => p.Text).ToList();
        if (plans.Count > 0)
        {
            writer.WriteString("tool_plan", string.Concat(plans));
        }

        var calls = choice.Parts.OfType<ToolCallPart>().ToList();
        if (calls.Count > 0)
        {
            writer.WriteStartArray("tool_calls");
            foreach (var call in calls)
            {
                CohereContentWriter.WriteCall(writer, call);
            }

            writer.WriteEndArray();
        }

        if (!isOwn || OpenAiChatMembers.Kept(choice.MessageExtensions, Dialect.Cohere, "citations") is null)
        {
            CohereContentWriter.WriteCitations(writer, choice.Parts.OfType<TextPart>().SelectMany(p => p.Citations));
        }

        writer.WriteExtensions(choice.MessageExtensions, Dialect.Cohere);
        writer.WriteEndObject();
    }

    private static void WriteContent(Utf8JsonWriter writer, IReadOnlyList<Part> parts)
    {
        var isOpen = false;
        foreach (var part in parts)
        {
            if (part is ToolCallPart || CohereMessageReader.IsPlan(part) || !IsContent(part))
            {
                continue;
            }

            if (!isOpen)
            {
                writer.WriteStartArray("content");
                isOpen = true;
            }

            switch (part)
            {
                case ReasoningPart reasoning:
                    CohereContentWriter.WriteThinking(writer, reasoning);
                    break;
                case OpaquePart opaque:
                    writer.WriteElement(opaque.Value);
                    break;
                default:
                    CohereContentWriter.WriteText(writer, TextOf(part), part.Extensions);
                    break;
            }
        }

        if (isOpen)
        {
            writer.WriteEndArray();
        }
    }

    private static bool IsContent(Part part) => part switch
    {
        TextPart or RefusalPart or AudioPart { Transcript: not null } => true,
        ReasoningPart reasoning => !reasoning.IsRedacted,
        OpaquePart opaque => opaque.Dialect == Dialect.Cohere,
        _ => false,
    };

    private static string TextOf(Part part) => part switch
    {
        TextPart text => text.Text,
        RefusalPart refusal => refusal.Text,
        AudioPart audio => audio.Transcript ?? "",
        _ => "",
    };
}
