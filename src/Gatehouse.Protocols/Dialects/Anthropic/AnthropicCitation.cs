using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Anthropic;

/// <summary>
/// Where a text comes from: <c>char_location</c>, <c>page_location</c>, <c>content_block_location</c>, <c>web_search_result_location</c>,
/// <c>search_result_location</c>. Their places are places in the source, not in the answer.
/// </summary>
internal static class AnthropicCitation
{
    public static Citation Read(JsonElement citation) => new()
    {
        Dialect = Dialect.Anthropic,
        Value = citation,
        // search_result_location names its source by whatever the caller gave, mostly a URL.
        Url = citation.Text("url") ?? (citation.Text("source") is { } source && IsWebAddress(source) ? source : null),
        Title = citation.Text("title") ?? citation.Text("document_title"),
        CitedText = citation.Text("cited_text"),
    };

    /// <summary>The citations of a text block of an answer; none when it has none.</summary>
    public static IReadOnlyList<Citation> ReadAll(JsonElement block)
    {
        if (block.Array("citations") is not { } list || list.GetArrayLength() == 0)
        {
            return [];
        }

        var citations = new List<Citation>(list.GetArrayLength());
        foreach (var citation in list.EnumerateArray())
        {
            if (citation.ValueKind == JsonValueKind.Object)
            {
                citations.Add(Read(citation));
            }
        }

        return citations;
    }

    /// <summary>Whether an answer of this dialect can tell it: another dialect's needs an address, as only web results have no document.</summary>
    public static bool CanWrite(Citation citation) => citation.Dialect == Dialect.Anthropic || citation.Url is not null;

    /// <summary>Whether Anthropic takes it back: it checks <c>encrypted_index</c>, which no other provider makes.</summary>
    public static bool CanReturn(Citation citation) =>
        citation.Dialect == Dialect.Anthropic && !citation.Value.HasText("encrypted_index", "");

    public static void Write(Utf8JsonWriter writer, Citation citation)
    {
        if (citation.Dialect == Dialect.Anthropic)
        {
            writer.WriteElement(citation.Value);
            return;
        }

        writer.WriteStartObject();
        writer.WriteString("type"u8, "web_search_result_location"u8);
        writer.WriteString("cited_text"u8, citation.CitedText ?? "");
        writer.WriteString("encrypted_index"u8, ""u8);
        writer.WriteString("title"u8, citation.Title);
        writer.WriteString("url"u8, citation.Url);
        writer.WriteEndObject();
    }

    private static bool IsWebAddress(string text) =>
        text.StartsWith("https://", StringComparison.OrdinalIgnoreCase) || text.StartsWith("http://", StringComparison.OrdinalIgnoreCase);
}
