using System.Text.Json;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Anthropic;

/// <summary>JSON Schema as Anthropic takes it.</summary>
internal static class AnthropicSchema
{
    /// <summary>
    /// "Not supported: numerical constraints, string constraints, array constraints beyond minItems of 0 or 1" (docs, Structured outputs).
    /// </summary>
    private static bool IsUnsupported(string name, JsonElement value) => name switch
    {
        "minimum" or "maximum" or "exclusiveMinimum" or "exclusiveMaximum" or "multipleOf" or "minLength" or "maxLength" or "maxItems"
            or "uniqueItems" or "minProperties" or "maxProperties" => true,
        "minItems" => !(value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var items) && items is 0 or 1),
        _ => false,
    };

    /// <summary>The schema of a tool's arguments: "input_schema.type: Field required" (its 400), and it must be <c>object</c>.</summary>
    public static void WriteInput(Utf8JsonWriter writer, JsonElement? schema)
    {
        if (schema is { ValueKind: JsonValueKind.Object } given && given.Member("type") is not null)
        {
            writer.WriteElement(given);
            return;
        }

        writer.WriteStartObject();
        writer.WriteString("type"u8, "object"u8);
        if (schema is { ValueKind: JsonValueKind.Object } untyped)
        {
            foreach (var member in untyped.EnumerateObject())
            {
                var name = JsonMembers.NameOf(member);
                if (name != "type")
                {
                    writer.WritePropertyName(name);
                    writer.WriteElement(member.Value);
                }
            }
        }
        else
        {
            writer.WriteStartObject("properties"u8);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    /// <summary>
    /// The schema of an answer. Of another dialect's, objects are closed ("additionalProperties must be explicitly set to false"), and
    /// constraints that Anthropic does not enforce are told to the model in the description.
    /// </summary>
    public static void WriteOutput(Utf8JsonWriter writer, JsonElement? schema, bool isOwn)
    {
        if (schema is not { ValueKind: JsonValueKind.Object } given)
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, "object"u8);
            writer.WriteBoolean("additionalProperties"u8, false);
            writer.WriteEndObject();
        }
        else if (isOwn)
        {
            writer.WriteElement(given);
        }
        else
        {
            WriteNode(writer, given);
        }
    }

    private static void WriteNode(Utf8JsonWriter writer, JsonElement node)
    {
        if (node.ValueKind != JsonValueKind.Object)
        {
            writer.WriteElement(node);
            return;
        }

        List<string>? lost = null;
        var isObject = node.Object("properties") is not null || IsObjectType(node.Member("type"));
        writer.WriteStartObject();
        foreach (var member in node.EnumerateObject())
        {
            var name = JsonMembers.NameOf(member);
            if (IsUnsupported(name, member.Value))
            {
                (lost ??= []).Add($"{name}: {member.Value.JsonTextOrFail(name)}");
            }
            else if (name is not ("description" or "additionalProperties"))
            {
                WriteMember(writer, name, member.Value);
            }
        }

        var constraints = lost is null ? null : string.Join(", ", lost);
        var description = node.Text("description");
        writer.WriteOptional("description", constraints is null ? description : description is null ? constraints : $"{description} ({constraints})");
        if (node.Object("additionalProperties") is { } map)
        {
            // A map cannot be said otherwise: left as it is, for Anthropic to judge.
            writer.WriteOptional("additionalProperties", map);
        }
        else if (isObject)
        {
            writer.WriteBoolean("additionalProperties"u8, false);
        }

        writer.WriteEndObject();
    }

    private static void WriteMember(Utf8JsonWriter writer, string name, JsonElement value)
    {
        writer.WritePropertyName(name);
        switch (name)
        {
            case "properties" or "$defs" or "definitions" when value.ValueKind == JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var named in value.EnumerateObject())
                {
                    writer.WritePropertyName(JsonMembers.NameOf(named));
                    WriteNode(writer, named.Value);
                }

                writer.WriteEndObject();
                break;
            case "anyOf" or "allOf" or "oneOf" or "prefixItems" or "items" when value.ValueKind == JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in value.EnumerateArray())
                {
                    WriteNode(writer, item);
                }

                writer.WriteEndArray();
                break;
            case "items":
                WriteNode(writer, value);
                break;
            default:
                writer.WriteElement(value);
                break;
        }
    }

    private static bool IsObjectType(JsonElement? type) => type switch
    {
        { ValueKind: JsonValueKind.Array } names => names.EnumerateArray().Any(n => n.IsText("object")),
        { } name => name.IsText("object"),
        null => false,
    };
}
