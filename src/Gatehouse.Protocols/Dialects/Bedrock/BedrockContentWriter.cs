using System.Buffers;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Bedrock;

/// <summary>Writes the blocks of a message.</summary>
/// <param name="writer">Where to.</param>
/// <param name="isOwn">The parts were read in this dialect.</param>
internal sealed class BedrockContentWriter(Utf8JsonWriter writer, bool isOwn)
{
    /// <summary>Of names of tools, and of ids as Bedrock has always taken them.</summary>
    public static readonly SearchValues<char> NameCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

    private const int MaxIdLength = 64;

    private readonly BedrockDocumentNames? _names = isOwn ? null : new BedrockDocumentNames();

    /// <summary>Writes an array of blocks, with a cache point behind each that wants one.</summary>
    public void Write(IReadOnlyList<Part> parts)
    {
        writer.WriteStartArray();
        foreach (var part in parts)
        {
            WriteBlock(part);
            if (part.CacheControl is { } cache)
            {
                BedrockCachePoint.Write(writer, cache, isOwn);
            }
        }

        writer.WriteEndArray();
    }

    /// <summary>Writes one block. A part that this dialect cannot say is left out: requests are checked before.</summary>
    public void WriteBlock(Part part)
    {
        switch (part)
        {
            case TextPart text:
                WriteText(text);
                break;
            case RefusalPart refusal:
                WriteText(refusal.Text);
                break;
            case ToolCallPart call:
                WriteToolUse(call);
                break;
            case ToolResultPart result:
                WriteToolResult(result);
                break;
            case ReasoningPart reasoning:
                WriteReasoning(reasoning);
                break;
            case OpaquePart { Dialect: Dialect.Bedrock } opaque:
                writer.WriteElement(opaque.Value);
                break;
            case ImagePart or AudioPart or FilePart when isOwn || BedrockMediaWriter.Fault(part) is null:
                BedrockMediaWriter.Write(writer, part, _names);
                break;
        }
    }

    private void WriteText(TextPart text)
    {
        var own = Member(text, BedrockContentReader.Json) is null ? Member(text, BedrockContentReader.CitedContent) : null;
        if (text.Citations.Count == 0 && own is null)
        {
            WriteText(text.Text);
            return;
        }

        writer.WriteStartObject();
        writer.WriteStartObject("citationsContent"u8);
        if (own is { } content)
        {
            writer.WritePropertyName("content"u8);
            writer.WriteElement(content);
        }
        else if (text.Text.Length > 0)
        {
            writer.WriteStartArray("content"u8);
            WriteText(text.Text);
            writer.WriteEndArray();
        }

        writer.WriteStartArray("citations"u8);
        foreach (var citation in text.Citations)
        {
            BedrockCitation.Write(writer, citation);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private void WriteText(string text)
    {
        writer.WriteStartObject();
        writer.WriteString("text"u8, text);
        writer.WriteEndObject();
    }

    private void WriteToolUse(ToolCallPart call)
    {
        writer.WriteStartObject();
        writer.WriteStartObject("toolUse"u8);
        writer.WriteString("toolUseId"u8, Id(call.Id));
        writer.WriteString("name"u8, call.Name);
        writer.WritePropertyName("input"u8);
        writer.WriteJsonObject(call.Arguments);
        writer.WriteExtensions(call.Extensions, Dialect.Bedrock);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private void WriteToolResult(ToolResultPart result)
    {
        writer.WriteStartObject();
        writer.WriteStartObject("toolResult"u8);
        writer.WriteString("toolUseId"u8, Id(result.CallId));
        writer.WriteStartArray("content"u8);
        if (result.Json is { ValueKind: JsonValueKind.Object } json)
        {
            WriteJson(json);
        }
        else
        {
            foreach (var part in result.Content)
            {
                if (Member(part, BedrockContentReader.Json) is { } own)
                {
                    WriteJson(own);
                }
                else
                {
                    WriteBlock(part);
                }
            }
        }

        writer.WriteEndArray();
        writer.WriteOptional("status", result.IsError switch
        {
            true => "error",
            // What is not said to have failed has succeeded.
            false when isOwn => "success",
            _ => null,
        });
        writer.WriteExtensions(result.Extensions, Dialect.Bedrock);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private void WriteJson(JsonElement json)
    {
        writer.WriteStartObject();
        writer.WritePropertyName("json"u8);
        writer.WriteElement(json);
        writer.WriteEndObject();
    }

    private void WriteReasoning(ReasoningPart reasoning)
    {
        writer.WriteStartObject();
        writer.WriteStartObject("reasoningContent"u8);
        if (reasoning is { IsRedacted: true, Signature: { } redacted })
        {
            writer.WriteString("redactedContent"u8, BedrockSignature.WriteRedacted(redacted));
        }
        else
        {
            writer.WriteStartObject("reasoningText"u8);
            writer.WriteString("text"u8, reasoning.Text);
            writer.WriteOptional("signature", reasoning.Signature is { } signature ? BedrockSignature.Write(signature) : null);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private string Id(string id) => isOwn ? id : ToolCallId.Fit(id, MaxIdLength);

    private static JsonElement? Member(Part part, string name) =>
        part.Extensions is { Dialect: Dialect.Bedrock, Members: [{ Name: var only, Value: var value }] } && only == name ? value : null;
}
