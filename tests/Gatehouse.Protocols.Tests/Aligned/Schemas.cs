using System.Text.Json;
using System.Text.Json.Nodes;

namespace Gatehouse.Protocols.Tests.Aligned;

/// <summary>
/// A schema reduced to what all formats can say: types in lower case (Gemini's own form has them in upper case), no
/// <c>additionalProperties: false</c> (Gemini's own form lacks it, OpenAI and Anthropic demand it), numbers for Gemini's numbers in strings.
/// </summary>
internal static class Schemas
{
    private static readonly string[] Limits = ["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"];

    public static string? Reduced(JsonElement? schema)
    {
        if (schema is not { } element)
        {
            return null;
        }

        var node = JsonNode.Parse(element.GetRawText());
        Reduce(node, isSchema: true);
        return Meaning.Canonical(JsonDocument.Parse(node!.ToJsonString()).RootElement);
    }

    private static void Reduce(JsonNode? node, bool isSchema)
    {
        if (node is JsonArray list)
        {
            foreach (var item in list)
            {
                Reduce(item, isSchema);
            }
        }

        if (node is not JsonObject schema)
        {
            return;
        }

        if (isSchema)
        {
            if (schema["additionalProperties"] is JsonValue value && value.GetValueKind() == JsonValueKind.False)
            {
                _ = schema.Remove("additionalProperties");
            }

            if (schema["type"] is JsonValue type && type.GetValueKind() == JsonValueKind.String)
            {
                schema["type"] = ((string)type!).ToLowerInvariant();
            }

            foreach (var name in Limits)
            {
                if (schema[name] is JsonValue limit && limit.GetValueKind() == JsonValueKind.String)
                {
                    schema[name] = long.Parse((string)limit!, System.Globalization.CultureInfo.InvariantCulture);
                }
            }
        }

        foreach (var member in schema.ToList())
        {
            Reduce(member.Value, member.Key is not ("properties" or "$defs" or "definitions"));
        }
    }
}
