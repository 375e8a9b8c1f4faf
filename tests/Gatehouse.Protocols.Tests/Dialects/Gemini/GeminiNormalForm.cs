using System.Text.Json;
using System.Text.Json.Nodes;

namespace Gatehouse.Protocols.Tests.Dialects.Gemini;

/// <summary>
/// A recorded request as Google's own JSON mapping of protobuf would write it: names in camelCase, lists as lists, base64 in its usual alphabet. Google's parser takes
/// both forms, and clients write both.
/// </summary>
internal static class GeminiNormalForm
{
    private static readonly HashSet<string> Lists = ["contents", "parts", "tools", "functionDeclarations", "stopSequences"];

    /// <summary>Whose values are not messages of Google's, or are kept as they were written.</summary>
    private static readonly HashSet<string> Free =
    [
        "args", "response", "parameters", "parametersJsonSchema", "responseSchema", "responseJsonSchema", "labels", "fileSearch", "toolCall",
        "toolResponse", "executableCode", "codeExecutionResult",
    ];

    public static JsonElement Of(JsonElement request) => JsonSerializer.SerializeToElement(Of(JsonNode.Parse(request.GetRawText())!));

    private static JsonNode? Of(JsonNode? node) => node switch
    {
        JsonObject message => new JsonObject(message.Where(m => m.Value is not null).Select(m => Member(CamelCase(m.Key), m.Value))),
        JsonArray list => new JsonArray([.. list.Select(Of)]),
        _ => node?.DeepClone(),
    };

    private static KeyValuePair<string, JsonNode?> Member(string name, JsonNode? value)
    {
        var read = Free.Contains(name) ? value?.DeepClone() : Of(value);
        if (name == "data" && read is JsonValue)
        {
            // Base64 in the alphabet of URLs, without padding.
            var text = read.GetValue<string>().Replace('-', '+').Replace('_', '/');
            read = text.PadRight((text.Length + 3) / 4 * 4, '=');
        }

        return new(name, Lists.Contains(name) && read is not JsonArray ? new JsonArray(read) : read);
    }

    private static string CamelCase(string name) => string.Concat(
        name.Split('_').Select((word, i) => i == 0 || word.Length == 0 ? word : char.ToUpperInvariant(word[0]) + word[1..]));
}
