using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Bedrock;

/// <summary>Writes the answer of <c>Converse</c>: one choice, the first.</summary>
internal static class BedrockResponseWriter
{
    public static void Write(ChatResponse response, Utf8JsonWriter writer)
    {
        var isOwn = response.Dialect == Dialect.Bedrock;
        var choice = response.Choices.Count > 0 ? response.Choices[0] : null;
        writer.WriteStartObject();
        writer.WriteStartObject("output"u8);
        writer.WriteStartObject("message"u8);
        writer.WriteString("role"u8, "assistant"u8);
        writer.WritePropertyName("content"u8);
        new BedrockContentWriter(writer, isOwn).Write(Packed(choice?.Parts ?? []));
        writer.WriteExtensions(choice?.MessageExtensions, Dialect.Bedrock);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteString("stopReason"u8, BedrockStop.Write(choice?.Stop, isOwn, choice?.Parts.Any(p => p is ToolCallPart) == true));
        if (!Has(response, BedrockResponseReader.Usage))
        {
            BedrockUsageWriter.Write(writer, response.Usage);
        }

        if (!Has(response, "metrics"))
        {
            BedrockUsageWriter.WriteMetrics(writer);
        }

        if (response.ServiceTier is "default" or "flex" or "priority" or "reserved" && !Has(response, "serviceTier"))
        {
            writer.WriteStartObject("serviceTier"u8);
            writer.WriteString("type"u8, response.ServiceTier);
            writer.WriteEndObject();
        }

        writer.WriteExtensions(response.Extensions, Dialect.Bedrock);
        writer.WriteEndObject();
    }

    private static bool Has(ChatResponse response, string name) =>
        response.Extensions is { Dialect: Dialect.Bedrock } own && own.Members.Any(m => m.Name == name);

    private static IReadOnlyList<Part> Packed(IReadOnlyList<Part> parts)
    {
        if (!parts.Any(p => SignatureCarrier.Of(p) is not null))
        {
            return parts;
        }

        var packed = new List<Part>(parts.Count + 1);
        foreach (var part in parts)
        {
            if (SignatureCarrier.Of(part) is { } signature)
            {
                packed.Add(SignatureCarrier.Block(signature));
            }

            packed.Add(part);
        }

        return packed;
    }
}
