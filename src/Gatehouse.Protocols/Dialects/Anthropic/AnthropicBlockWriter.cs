using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Anthropic;

/// <summary>Writes parts as content blocks.</summary>
internal static class AnthropicBlockWriter
{
    /// <summary>"String should match pattern '^[a-zA-Z0-9_-]+$'" (its 400); no length is told, so this is Bedrock's.</summary>
    private const int MaxIdLength = 64;

    /// <summary>The call, or the result, with an id that Anthropic takes.</summary>
    public static Part WithFittingId(Part part) => part switch
    {
        ToolCallPart call => call with { Id = ToolCallId.Fit(call.Id, MaxIdLength) },
        ToolResultPart result => result with { CallId = ToolCallId.Fit(result.CallId, MaxIdLength) },
        _ => part,
    };

    /// <param name="part">One that Anthropic has a block for; anything else writes nothing.</param>
    /// <param name="isRequest">Otherwise the block is part of an answer to a caller.</param>
    /// <param name="writer">In an array.</param>
    public static void Write(Part part, bool isRequest, Utf8JsonWriter writer)
    {
        switch (part)
        {
            case OpaquePart { Dialect: Dialect.Anthropic } opaque:
                writer.WriteElement(opaque.Value);
                return;
            case TextPart text:
                Begin("text"u8, writer);
                writer.WriteString("text"u8, text.Text);
                WriteCitations(text.Citations, isRequest, writer);
                break;
            case ReasoningPart { IsRedacted: true } redacted:
                Begin("redacted_thinking"u8, writer);
                writer.WriteString("data"u8, redacted.Signature?.In(Dialect.Anthropic) ?? "");
                break;
            case ReasoningPart reasoning:
                Begin("thinking"u8, writer);
                writer.WriteString("thinking"u8, reasoning.Text);
                writer.WriteString("signature"u8, reasoning.Signature?.In(Dialect.Anthropic) ?? "");
                break;
            case ToolCallPart call:
                Begin("tool_use"u8, writer);
                writer.WriteString("id"u8, call.Id);
                writer.WriteString("name"u8, call.Name);
                writer.WritePropertyName("input"u8);
                writer.WriteJsonObject(call.Arguments);
                break;
            case ToolResultPart result:
                WriteResult(result, writer);
                break;
            case ImagePart image:
                Begin("image"u8, writer);
                WriteSource(image.Source, writer);
                break;
            case FilePart file:
                WriteDocument(file, isRequest, writer);
                break;
            default:
                return;
        }

        AnthropicCacheControl.Write(writer, part.CacheControl);
        writer.WriteExtensions(part.Extensions, Dialect.Anthropic);
        writer.WriteEndObject();
    }

    private static void Begin(ReadOnlySpan<byte> type, Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, type);
    }

    private static void WriteCitations(IReadOnlyList<Citation> citations, bool isRequest, Utf8JsonWriter writer)
    {
        var isOpen = false;
        foreach (var citation in citations)
        {
            if (!(isRequest ? AnthropicCitation.CanReturn(citation) : AnthropicCitation.CanWrite(citation)))
            {
                continue;
            }

            if (!isOpen)
            {
                writer.WriteStartArray("citations"u8);
                isOpen = true;
            }

            AnthropicCitation.Write(writer, citation);
        }

        if (isOpen)
        {
            writer.WriteEndArray();
        }
    }

    private static void WriteResult(ToolResultPart result, Utf8JsonWriter writer)
    {
        Begin("tool_result"u8, writer);
        writer.WriteString("tool_use_id"u8, result.CallId);
        if (result is { IsPlainText: true, Content: [TextPart { CacheControl: null } text] })
        {
            writer.WriteString("content"u8, text.Text);
        }
        else if (result.Content.Count > 0)
        {
            writer.WriteStartArray("content"u8);
            foreach (var part in result.Content)
            {
                Write(part, isRequest: true, writer);
            }

            writer.WriteEndArray();
        }

        writer.WriteOptional("is_error", result.IsError);
    }

    private static void WriteDocument(FilePart file, bool isRequest, Utf8JsonWriter writer)
    {
        Begin("document"u8, writer);
        if (file.Content is { } content)
        {
            writer.WriteStartObject("source"u8);
            writer.WriteString("type"u8, "content"u8);
            writer.WriteStartArray("content"u8);
            foreach (var part in content)
            {
                Write(part, isRequest, writer);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        else
        {
            WriteSource(file.Source, writer);
        }

        writer.WriteOptional("title", file.Title ?? file.FileName);
        writer.WriteOptional("context", file.Context);
        if (file.Citations is { } citations)
        {
            writer.WriteStartObject("citations"u8);
            writer.WriteBoolean("enabled"u8, citations);
            writer.WriteEndObject();
        }
    }

    private static void WriteSource(MediaSource source, Utf8JsonWriter writer)
    {
        writer.WriteStartObject("source"u8);
        if (source.Base64 is { } base64)
        {
            writer.WriteString("type"u8, "base64"u8);
            writer.WriteOptional("media_type", source.MediaType);
            writer.WriteString("data"u8, base64.Span);
        }
        else if (source.Url is { } url)
        {
            writer.WriteString("type"u8, "url"u8);
            writer.WriteString("url"u8, url);
        }
        else if (source.FileId is { } file)
        {
            writer.WriteString("type"u8, "file"u8);
            writer.WriteString("file_id"u8, file);
        }
        else
        {
            writer.WriteString("type"u8, "text"u8);
            writer.WriteString("media_type"u8, source.MediaType ?? "text/plain");
            writer.WriteString("data"u8, source.Text ?? "");
        }

        writer.WriteEndObject();
    }
}
