using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Gemini;

/// <summary>Writes the parts of an answer. Signatures of others are carried for the caller, who sends them back with the part.</summary>
internal static class GeminiAnswerPartWriter
{
    public static void Write(Part part, Utf8JsonWriter writer)
    {
        if (part is OpaquePart opaque)
        {
            // A part that only another dialect knows comes of a tool that only that dialect has: no caller of this one asked for it.
            if (opaque.Dialect == Dialect.Gemini)
            {
                writer.WriteElement(opaque.Value);
            }

            return;
        }

        if (part is FilePart or ImagePart or AudioPart && !GeminiMediaWriter.CanWrite(GeminiMediaWriter.SourceOf(part)!))
        {
            if (part is AudioPart { Transcript: { } transcript })
            {
                WriteText(transcript, null, writer);
            }

            return;
        }

        switch (part)
        {
            case TextPart text:
                WriteText(text.Text, text.Signature, writer, text.Extensions);
                break;
            case RefusalPart refusal:
                WriteText(refusal.Text, null, writer);
                break;
            case ReasoningPart reasoning:
                WriteReasoning(reasoning.Text, reasoning.IsRedacted, reasoning.Signature, writer, reasoning.Extensions);
                break;
            case ToolCallPart call:
                WriteCall(call, call.Arguments, call.Signature, writer);
                break;
            case ImagePart or AudioPart or FilePart:
                writer.WriteStartObject();
                GeminiMediaWriter.Write(writer, part);
                GeminiSignatures.Write(writer, (part as ImagePart)?.Signature?.InBase64(Dialect.Gemini));
                GeminiContentWriter.WriteExtensions(writer, part.Extensions, "");
                writer.WriteEndObject();
                break;
        }
    }

    public static void WriteText(string text, Signature? signature, Utf8JsonWriter writer, Extensions? extensions = null)
    {
        writer.WriteStartObject();
        writer.WriteString("text"u8, text);
        GeminiSignatures.Write(writer, signature?.InBase64(Dialect.Gemini));
        GeminiContentWriter.WriteExtensions(writer, extensions, "");
        writer.WriteEndObject();
    }

    /// <summary>A thought that is all signature has no text: that is how it is known when it comes back.</summary>
    public static void WriteReasoning(string text, bool isRedacted, Signature? signature, Utf8JsonWriter writer, Extensions? extensions = null)
    {
        writer.WriteStartObject();
        writer.WriteOptional("text", isRedacted ? null : text);
        writer.WriteBoolean("thought"u8, true);
        GeminiSignatures.Write(writer, signature?.InBase64(Dialect.Gemini));
        GeminiContentWriter.WriteExtensions(writer, extensions, "");
        writer.WriteEndObject();
    }

    public static void WriteCall(ToolCallPart call, string arguments, Signature? signature, Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteStartObject("functionCall"u8);
        if (!call.HasMadeId)
        {
            writer.WriteString("id"u8, call.Id);
        }

        writer.WriteString("name"u8, call.Name);
        writer.WritePropertyName("args"u8);
        writer.WriteJsonObject(arguments);
        GeminiContentWriter.WriteExtensions(writer, call.Extensions, "functionCall.");
        writer.WriteEndObject();
        GeminiSignatures.Write(writer, signature?.InBase64(Dialect.Gemini));
        GeminiContentWriter.WriteExtensions(writer, call.Extensions, "");
        writer.WriteEndObject();
    }
}
