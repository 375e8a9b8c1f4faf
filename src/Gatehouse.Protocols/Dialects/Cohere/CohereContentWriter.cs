using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Cohere;

/// <summary>Pieces of messages that stand in requests and in answers alike.</summary>
internal static class CohereContentWriter
{
    public static void WriteText(Utf8JsonWriter writer, string text, Extensions? extensions)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "text");
        writer.WriteString("text", text);
        writer.WriteExtensions(extensions, Dialect.Cohere);
        writer.WriteEndObject();
    }

    public static void WriteThinking(Utf8JsonWriter writer, ReasoningPart reasoning)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "thinking");
        writer.WriteString("thinking", reasoning.Text);
        writer.WriteExtensions(reasoning.Extensions, Dialect.Cohere);
        writer.WriteEndObject();
    }

    public static void WriteCall(Utf8JsonWriter writer, ToolCallPart call)
    {
        writer.WriteStartObject();
        writer.WriteString("id", call.Id);
        writer.WriteString("type", "function");
        writer.WriteStartObject("function");
        writer.WriteString("name", call.Name);
        writer.WriteString("arguments", call.Arguments);
        writer.WriteEndObject();
        writer.WriteExtensions(call.Extensions, Dialect.Cohere);
        writer.WriteEndObject();
    }

    public static void WriteCitations(Utf8JsonWriter writer, IEnumerable<Citation> citations)
    {
        var isOpen = false;
        foreach (var citation in citations)
        {
            if (!isOpen)
            {
                writer.WriteStartArray("citations");
                isOpen = true;
            }

            WriteCitation(writer, citation);
        }

        if (isOpen)
        {
            writer.WriteEndArray();
        }
    }

    /// <summary>One of another dialect names a document that the caller never had: its source is told as one.</summary>
    public static void WriteCitation(Utf8JsonWriter writer, Citation citation)
    {
        if (citation.Dialect == Dialect.Cohere)
        {
            writer.WriteElement(citation.Value);
            return;
        }

        writer.WriteStartObject();
        writer.WriteOptional("start", citation.Start);
        writer.WriteOptional("end", citation.End);
        writer.WriteStartArray("sources");
        writer.WriteStartObject();
        writer.WriteString("type", "document");
        writer.WriteOptional("id", citation.Url ?? citation.Title);
        writer.WriteStartObject("document");
        writer.WriteOptional("title", citation.Title);
        writer.WriteOptional("url", citation.Url);
        writer.WriteOptional("text", citation.CitedText);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteString("type", "TEXT_CONTENT");
        writer.WriteEndObject();
    }
}
