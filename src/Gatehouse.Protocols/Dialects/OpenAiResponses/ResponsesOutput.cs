using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAiResponses;

/// <summary>Writes the items of an output, whole.</summary>
internal static class ResponsesOutput
{
    /// <summary>The parts of an answer that this dialect can show, with the signatures that have no place on their parts.</summary>
    public static List<Part> PartsOf(ChatChoice choice)
    {
        var parts = new List<Part>();
        var logprobs = choice.Logprobs;
        foreach (var part in choice.Parts)
        {
            if (Shown(part) is not { } shown)
            {
                continue;
            }

            if (shown is ToolCallPart { Signature: { } ofCall })
            {
                parts.Add(ResponsesSignatures.Before(ofCall));
            }

            if (shown is TextPart text)
            {
                // They are about the first text.
                shown = text with { Logprobs = text.Logprobs ?? logprobs };
                logprobs = null;
            }

            parts.Add(shown);
            if (shown is TextPart { Signature: { } ofText })
            {
                parts.Add(ResponsesSignatures.After(ofText));
            }
        }

        return parts;
    }

    /// <summary>
    /// A part in the form that this dialect shows it; null for what it has no form for: another provider's own parts, which only that
    /// provider's own tools make.
    /// </summary>
    public static Part? Shown(Part part) => part switch
    {
        OpaquePart { Dialect: not Dialect.OpenAiResponses } => null,
        AudioPart { Transcript: { } transcript } => new TextPart(transcript),
        AudioPart or FilePart or ToolResultPart => null,
        ImagePart { Source: { Base64: null, Url: null } } => null,
        _ => part,
    };

    /// <summary>Whether a part is content of a message.</summary>
    public static bool GoesOn(Part part) => part is TextPart or RefusalPart or OpaquePart { Item: null or { Type: "message" } };

    /// <param name="writer">At a place for a value.</param>
    /// <param name="parts">Of one item.</param>
    /// <param name="id">Of the item.</param>
    /// <param name="status">Null to write the item as it was.</param>
    public static void WriteItem(Utf8JsonWriter writer, ReadOnlySpan<Part> parts, string? id, string? status)
    {
        switch (parts[0])
        {
            case ReasoningPart reasoning:
                ResponsesItemWriter.WriteReasoning(writer, reasoning, id, null);
                break;
            case ToolCallPart call:
                ResponsesItemWriter.WriteCall(writer, call, call.Id, id, call.IsCustom ? null : status);
                break;
            case ImagePart image:
                ResponsesItemWriter.WriteImage(writer, image, id ?? "", status ?? "completed");
                break;
            case OpaquePart { Item: { Type: not "message" } } item:
                writer.WriteElement(item.Value);
                break;
            default:
                ResponsesItemWriter.WriteMessage(writer, parts, id, status, isFull: true);
                break;
        }
    }
}
