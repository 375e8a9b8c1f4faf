using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAiResponses;

/// <summary>Writes what the model made as items: in inputs, in outputs, in streams.</summary>
internal static class ResponsesItemWriter
{
    private const string Status = "status";

    /// <summary>The prefix of ids of a part's item.</summary>
    public static string PrefixOf(Part part) => part switch
    {
        ReasoningPart => "rs",
        ToolCallPart { IsCustom: true } => "ctc",
        ToolCallPart => "fc",
        ImagePart => "ig",
        _ => "msg",
    };

    /// <summary>Whether a part is content of a message, and not an item of its own.</summary>
    public static bool IsContent(Part part) =>
        part is TextPart or RefusalPart or ImagePart or FilePart or AudioPart or OpaquePart { Item: null or { Type: "message" } };

    /// <summary>
    /// Whether the text of a thought is the item's content, as its own provider wrote it, or a summary: what clients show. The thoughts
    /// that other providers give out are for showing.
    /// </summary>
    public static bool IsRawThought(ReasoningPart part) => part.Summary is null && part.Item is not null;

    /// <param name="writer">At a place for a value.</param>
    /// <param name="part">What to write.</param>
    /// <param name="id">Of the item; null for none.</param>
    /// <param name="status">Written unless the item has one of its own; null for none.</param>
    public static void WriteReasoning(Utf8JsonWriter writer, ReasoningPart part, string? id, string? status)
    {
        Begin(writer, "reasoning", id);
        if (!Has(part.Item, "summary"))
        {
            writer.WriteStartArray("summary"u8);
            if (!IsRawThought(part))
            {
                foreach (var text in part.Summary is { Count: > 0 } pieces ? pieces : part.Text.Length > 0 ? [part.Text] : [])
                {
                    WriteTextPart(writer, "summary_text", text);
                }
            }

            writer.WriteEndArray();
        }

        // An empty thought with a signature is not one that was taken away: on the way back the difference must be seen.
        var isOmitted = part is { Text: "", IsRedacted: false, Signature: { } signature } && signature.Maker != Dialect.OpenAiResponses;
        if (!Has(part.Item, "content") && ((IsRawThought(part) && part.Text.Length > 0) || isOmitted))
        {
            writer.WriteStartArray("content"u8);
            WriteTextPart(writer, "reasoning_text", part.Text);
            writer.WriteEndArray();
        }

        writer.WriteOptional("encrypted_content", part.Signature?.In(Dialect.OpenAiResponses));
        End(writer, part.Item, status);
    }

    /// <inheritdoc cref="WriteReasoning"/>
    /// <param name="callId">Joins the call and its result.</param>
    public static void WriteCall(Utf8JsonWriter writer, ToolCallPart part, string callId, string? id, string? status)
    {
        Begin(writer, part.IsCustom ? "custom_tool_call" : "function_call", id);
        writer.WriteString("call_id"u8, callId);
        writer.WriteString("name"u8, part.Name);
        writer.WriteString(part.IsCustom ? "input"u8 : "arguments"u8, part.Arguments);
        End(writer, part.Item, status);
    }

    /// <summary>A message of the assistant's.</summary>
    /// <inheritdoc cref="WriteReasoning"/>
    /// <param name="parts">Its content.</param>
    /// <param name="isFull">With every member that the specification requires of an output.</param>
    public static void WriteMessage(Utf8JsonWriter writer, ReadOnlySpan<Part> parts, string? id, string? status, bool isFull)
    {
        var item = parts.IsEmpty ? null : parts[0].Item;
        // A type is required of everything but easy messages, which have no id either.
        Begin(writer, item is null || isFull || Has(item, "type") ? "message" : null, id);
        writer.WriteString("role"u8, "assistant"u8);
        if (!Has(item, "content"))
        {
            writer.WriteStartArray("content"u8);
            foreach (var part in parts)
            {
                WriteContent(writer, part, isFull || id is not null, isNew: status is not null);
            }

            writer.WriteEndArray();
        }

        End(writer, item, status);
    }

    /// <summary>A part of the content of an assistant's message.</summary>
    /// <param name="writer">At a place for a value.</param>
    /// <param name="part">What to write.</param>
    /// <param name="isFull">With the list of annotations, empty or not.</param>
    /// <param name="isNew">With the list of log probabilities, which not every provider writes.</param>
    public static void WriteContent(Utf8JsonWriter writer, Part part, bool isFull, bool isNew)
    {
        switch (part)
        {
            case TextPart text:
                WriteOutputText(writer, text, isFull, isNew);
                break;
            case RefusalPart refusal:
                writer.WriteStartObject();
                writer.WriteString("type"u8, "refusal"u8);
                writer.WriteString("refusal"u8, refusal.Text);
                writer.WriteExtensions(part.Extensions, Dialect.OpenAiResponses);
                writer.WriteEndObject();
                break;
            case OpaquePart opaque:
                writer.WriteElement(opaque.Value);
                break;
        }
    }

    /// <summary>An image that the model made; the form in which this dialect's own tool gives one.</summary>
    public static void WriteImage(Utf8JsonWriter writer, ImagePart part, string id, string status)
    {
        Begin(writer, "image_generation_call", id);
        writer.WriteString(Status, status);
        if (part.Source.Base64 is { } base64)
        {
            writer.WriteString("result"u8, base64.Span);
        }
        else
        {
            writer.WriteString("result"u8, part.Source.Url);
        }

        writer.WriteEndObject();
    }

    public static void WriteAnnotation(Utf8JsonWriter writer, Citation citation)
    {
        if (citation.Dialect == Dialect.OpenAiResponses)
        {
            writer.WriteElement(citation.Value);
            return;
        }

        writer.WriteStartObject();
        if (citation.Url is { } url)
        {
            writer.WriteString("type"u8, "url_citation"u8);
            writer.WriteString("url"u8, url);
            writer.WriteString("title"u8, citation.Title ?? url);
            writer.WriteNumber("start_index"u8, citation.Start ?? 0);
            writer.WriteNumber("end_index"u8, citation.End ?? citation.Start ?? 0);
        }
        else
        {
            // A source without a URL is a document of the request: its title is all the name it has.
            writer.WriteString("type"u8, "file_citation"u8);
            writer.WriteString("file_id"u8, citation.Title ?? "");
            writer.WriteString("filename"u8, citation.Title ?? "");
            writer.WriteNumber("index"u8, citation.End ?? 0);
        }

        writer.WriteEndObject();
    }

    /// <summary>Ends an item with the members that have no place in the middle.</summary>
    public static void End(Utf8JsonWriter writer, ItemMark? item, string? status)
    {
        if (status is not null && !Has(item, Status))
        {
            writer.WriteString(Status, status);
        }

        foreach (var member in item?.Members ?? [])
        {
            if (member.Name != "type")
            {
                writer.WritePropertyName(member.Name);
                writer.WriteElement(member.Value);
            }
        }

        writer.WriteEndObject();
    }

    public static void Begin(Utf8JsonWriter writer, string? type, string? id)
    {
        writer.WriteStartObject();
        writer.WriteOptional("type", type);
        writer.WriteOptional("id", id);
    }

    public static bool Has(ItemMark? item, string name)
    {
        foreach (var member in item?.Members ?? [])
        {
            if (member.Name == name)
            {
                return true;
            }
        }

        return false;
    }

    private static void WriteOutputText(Utf8JsonWriter writer, TextPart text, bool isFull, bool isNew)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "output_text"u8);
        writer.WriteString("text"u8, text.Text);
        if (isFull || text.Citations.Count > 0)
        {
            writer.WriteStartArray("annotations"u8);
            foreach (var citation in text.Citations)
            {
                WriteAnnotation(writer, citation);
            }

            writer.WriteEndArray();
        }

        if (ResponsesLogprobs.ListOf(text.Logprobs) is { } logprobs)
        {
            writer.WritePropertyName("logprobs"u8);
            writer.WriteElement(logprobs);
        }
        else if (isNew)
        {
            writer.WriteStartArray("logprobs"u8);
            writer.WriteEndArray();
        }

        writer.WriteExtensions(text.Extensions, Dialect.OpenAiResponses);
        writer.WriteEndObject();
    }

    private static void WriteTextPart(Utf8JsonWriter writer, string type, string text)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, type);
        writer.WriteString("text"u8, text);
        writer.WriteEndObject();
    }
}
