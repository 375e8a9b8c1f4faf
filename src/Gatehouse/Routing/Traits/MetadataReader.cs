using System.Buffers;
using System.Text.Json;

namespace Gatehouse.Routing.Traits;

/// <summary>Reads the texts of an object of names and texts.</summary>
internal static class MetadataReader
{
    /// <summary>OpenAI takes 16.</summary>
    private const int MaxEntries = 64;

    /// <param name="json">Begins with the object; what follows is not looked at.</param>
    public static Dictionary<string, string> Read(in ReadOnlySequence<byte> json)
    {
        var entries = new Dictionary<string, string>(StringComparer.Ordinal);
        var reader = new Utf8JsonReader(json, RequestTraits.ReaderOptions);
        try
        {
            _ = reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = TraitsReader.ShortText(reader);
                _ = reader.Read();
                if (reader.TokenType == JsonTokenType.String && name is not null && TraitsReader.ShortText(reader) is { } value
                    && (entries.Count < MaxEntries || entries.ContainsKey(name)))
                {
                    entries[name] = value;
                }

                reader.Skip();
            }
        }
        catch (JsonException)
        {
            // A body that the envelope has not accepted: what was read until here is all there is.
        }

        return entries;
    }
}
