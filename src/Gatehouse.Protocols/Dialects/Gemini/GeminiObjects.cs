using System.Text.Json;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Gemini;

/// <summary>Text that is a JSON object.</summary>
internal static class GeminiObjects
{
    /// <returns>Null when the text is anything else; the caller disposes of it.</returns>
    public static JsonDocument? TryParse(string text)
    {
        if (!text.AsSpan().TrimStart().StartsWith('{'))
        {
            return null;
        }

        try
        {
            return JsonDocument.Parse(text, JsonWriting.ReadOptions);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
