using System.Text;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Gemini;

/// <summary>Between Gemini's <c>groundingMetadata</c>, which stands beside the content, and citations, which stand in the text.</summary>
internal static class GeminiGrounding
{
    /// <summary>More than any answer has; it bounds what hostile ones cost.</summary>
    private const int MaxCitations = 1000;

    /// <param name="metadata">The object <c>groundingMetadata</c>.</param>
    /// <returns>In the order of the supports, each with the number of the part that it is about.</returns>
    public static List<(int Part, Citation Citation)> Read(JsonElement metadata)
    {
        var citations = new List<(int Part, Citation Citation)>();
        var chunks = metadata.Array("groundingChunks") is { } list ? list.EnumerateArray().ToArray() : [];
        foreach (var support in metadata.Items("groundingSupports"))
        {
            var segment = support.Object("segment");
            foreach (var index in support.Items("groundingChunkIndices"))
            {
                if (citations.Count == MaxCitations)
                {
                    return citations;
                }

                if (index.ValueKind == JsonValueKind.Number && index.TryGetInt32(out var number) && number >= 0 && number < chunks.Length
                    && (chunks[number].Object("web") ?? chunks[number].Object("maps") ?? chunks[number].Object("retrievedContext")) is { } source)
                {
                    var citation = new Citation
                    {
                        Dialect = Dialect.Gemini,
                        Value = chunks[number].Clone(),
                        Url = source.Text("uri"),
                        Title = source.Text("title"),
                        CitedText = segment?.Text("text"),
                        Start = segment?.Integer("startIndex") ?? (segment is null ? null : 0),
                        End = segment?.Integer("endIndex"),
                    };
                    citations.Add(((int)Math.Clamp(segment?.Integer("partIndex") ?? 0, 0, int.MaxValue), citation));
                }
            }
        }

        return citations;
    }

    /// <summary>"Start index in the given Part, measured in bytes": counted in characters here.</summary>
    public static Citation InCharacters(Citation citation, byte[] text)
    {
        if (citation.Start is not { } start || citation.End is not { } end || start < 0 || end < start)
        {
            return citation with { Start = null, End = null };
        }

        return end > text.Length
            ? citation with { Start = null, End = null }
            : citation with { Start = Encoding.UTF8.GetCharCount(text, 0, (int)start), End = Encoding.UTF8.GetCharCount(text, 0, (int)end) };
    }

    /// <summary>Writes the member <c>groundingMetadata</c> of citations that have an address.</summary>
    /// <param name="writer">Within a candidate.</param>
    /// <param name="cited">The texts and what is said of them; the text is null where it is not known any more.</param>
    public static void Write(Utf8JsonWriter writer, IReadOnlyList<(string? Text, Citation Citation)> cited)
    {
        var sources = cited.Where(c => c.Citation.Url is not null || c.Citation.Dialect == Dialect.Gemini).ToList();
        if (sources.Count == 0)
        {
            return;
        }

        writer.WriteStartObject("groundingMetadata"u8);
        writer.WriteStartArray("groundingChunks"u8);
        foreach (var (_, citation) in sources)
        {
            WriteChunk(writer, citation);
        }

        writer.WriteEndArray();
        writer.WriteStartArray("groundingSupports"u8);
        for (var i = 0; i < sources.Count; i++)
        {
            WriteSupport(writer, sources[i].Text, sources[i].Citation, i);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteChunk(Utf8JsonWriter writer, Citation citation)
    {
        if (citation.Dialect == Dialect.Gemini)
        {
            writer.WriteElement(citation.Value);
            return;
        }

        writer.WriteStartObject();
        writer.WriteStartObject("web"u8);
        writer.WriteOptional("uri", citation.Url);
        writer.WriteOptional("title", citation.Title);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteSupport(Utf8JsonWriter writer, string? text, Citation citation, int index)
    {
        writer.WriteStartObject();
        writer.WriteStartObject("segment"u8);
        if (text is not null && citation.Start is { } start and >= 0 && citation.End is { } end && end >= start && end <= text.Length)
        {
            writer.WriteNumber("startIndex"u8, Encoding.UTF8.GetByteCount(text.AsSpan(0, (int)start)));
            writer.WriteNumber("endIndex"u8, Encoding.UTF8.GetByteCount(text.AsSpan(0, (int)end)));
            writer.WriteString("text"u8, text.AsSpan((int)start, (int)(end - start)));
        }
        else
        {
            writer.WriteOptional("text", citation.CitedText);
        }

        writer.WriteEndObject();
        writer.WriteStartArray("groundingChunkIndices"u8);
        writer.WriteNumberValue(index);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
