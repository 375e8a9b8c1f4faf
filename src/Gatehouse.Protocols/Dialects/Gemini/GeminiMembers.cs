using System.Globalization;
using System.Text.Json;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Gemini;

/// <summary>
/// Google reads JSON as protobuf does: member names in camelCase or snake_case, a list of one written as the one, whole numbers as
/// strings, and null for what is not there.
/// </summary>
internal static class GeminiMembers
{
    /// <summary>The name in camelCase.</summary>
    public static string NameOf(JsonProperty member)
    {
        var name = JsonMembers.NameOf(member);
        return name.IndexOf('_', StringComparison.Ordinal) <= 0 ? name : ToCamelCase(name);
    }

    /// <summary>The elements of a list, or the one that was written without its brackets.</summary>
    public static IEnumerable<JsonElement> Repeated(JsonElement value) =>
        value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : [value];

    /// <summary>A whole number: 40, 40.0 and "40".</summary>
    public static long? Integer(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number when value.TryGetInt64(out var integer) => integer,
        JsonValueKind.Number when value.TryGetDouble(out var number) && Math.Abs(number) < 1L << 53 && number == Math.Floor(number) => (long)number,
        JsonValueKind.String when Text(value) is { } text && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var integer) => integer,
        _ => null,
    };

    public static double? Number(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && double.IsFinite(number) ? number : null;

    public static bool? Flag(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    public static string? Text(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.TextOrFail("value") : null;

    /// <summary>The strings of a list; null when it holds anything else.</summary>
    public static List<string>? Texts(JsonElement value)
    {
        var texts = new List<string>();
        foreach (var item in Repeated(value))
        {
            if (Text(item) is not { } text)
            {
                return null;
            }

            texts.Add(text);
        }

        return texts;
    }

    /// <summary>A string as JSON.</summary>
    public static JsonElement ToElement(string text) => JsonMade.Element(writer => writer.WriteStringValue(text));

    private static string ToCamelCase(string name)
    {
        var letters = new char[name.Length];
        var count = 0;
        var isUpper = false;
        foreach (var letter in name)
        {
            if (letter == '_')
            {
                isUpper = true;
                continue;
            }

            letters[count++] = isUpper ? char.ToUpperInvariant(letter) : letter;
            isUpper = false;
        }

        return new string(letters, 0, count);
    }
}
