using System.Text;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Bedrock;

/// <summary>
/// <c>{title, source, sourceContent: [{text}], location: {web | documentChar | documentPage | documentChunk | searchResultLocation}}</c>.
/// </summary>
internal static class BedrockCitation
{
    /// <param name="citation">An object that outlives the citation.</param>
    public static Citation Read(JsonElement citation)
    {
        StringBuilder? cited = null;
        foreach (var piece in citation.Items("sourceContent"))
        {
            _ = (cited ??= new StringBuilder()).Append(piece.Text("text"));
        }

        var source = citation.Text("source");
        return new Citation
        {
            Dialect = Dialect.Bedrock,
            Value = citation,
            Url = citation.Object("location")?.Object("web")?.Text("url") ?? (IsWeb(source) ? source : null),
            Title = citation.Text("title"),
            CitedText = cited?.ToString(),
        };
    }

    public static void Write(Utf8JsonWriter writer, Citation citation)
    {
        if (citation.Dialect == Dialect.Bedrock)
        {
            writer.WriteElement(citation.Value);
            return;
        }

        writer.WriteStartObject();
        writer.WriteOptional("title", citation.Title);
        writer.WriteOptional("source", citation.Url);
        if (citation.CitedText is { } text)
        {
            writer.WriteStartArray("sourceContent"u8);
            writer.WriteStartObject();
            writer.WriteString("text"u8, text);
            writer.WriteEndObject();
            writer.WriteEndArray();
        }

        if (citation.Url is { } url)
        {
            writer.WriteStartObject("location"u8);
            writer.WriteStartObject("web"u8);
            writer.WriteString("url"u8, url);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static bool IsWeb(string? source) =>
        source is not null && (source.StartsWith("https://", StringComparison.Ordinal) || source.StartsWith("http://", StringComparison.Ordinal));
}
