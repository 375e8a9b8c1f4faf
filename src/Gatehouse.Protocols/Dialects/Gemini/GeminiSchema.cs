using System.Text.Json;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Gemini;

/// <summary>
/// Makes JSON Schema of Gemini's own schema form, which is "a select subset of an OpenAPI 3.0 schema object": types in upper case,
/// <c>nullable</c>, <c>example</c>, whole numbers as strings.
/// </summary>
internal static class GeminiSchema
{
    private static readonly string[] Types = ["", "string", "number", "integer", "boolean", "array", "object", "null"];

    public static JsonElement ToJsonSchema(JsonElement schema) => JsonMade.Element(writer => Write(schema, writer));

    private static void Write(JsonElement schema, Utf8JsonWriter writer)
    {
        if (schema.ValueKind != JsonValueKind.Object)
        {
            writer.WriteElement(schema);
            return;
        }

        var isNullable = schema.Flag("nullable") ?? false;
        writer.WriteStartObject();
        foreach (var member in schema.EnumerateObject())
        {
            var name = GeminiMembers.NameOf(member);
            if (member.Value.ValueKind != JsonValueKind.Null || name == "default")
            {
                WriteMember(name, member.Value, isNullable, writer);
            }
        }

        writer.WriteEndObject();
    }

    private static void WriteMember(string name, JsonElement value, bool isNullable, Utf8JsonWriter writer)
    {
        switch (name)
        {
            case "nullable" or "propertyOrdering":
                break;
            case "type" when TypeOf(value) is { } type:
                WriteType(type, isNullable, writer);
                break;
            case "type" when value.ValueKind is JsonValueKind.String or JsonValueKind.Number:
                // TYPE_UNSPECIFIED
                break;
            case "enum" or "anyOf" when value.ValueKind == JsonValueKind.Array:
                writer.WriteStartArray(name);
                foreach (var item in value.EnumerateArray())
                {
                    Write(item, writer);
                }

                WriteNullChoice(name, isNullable, writer);
                writer.WriteEndArray();
                break;
            case "properties" when value.ValueKind == JsonValueKind.Object:
                writer.WriteStartObject(name);
                foreach (var property in value.EnumerateObject())
                {
                    writer.WritePropertyName(JsonMembers.NameOf(property));
                    Write(property.Value, writer);
                }

                writer.WriteEndObject();
                break;
            case "items":
                writer.WritePropertyName(name);
                Write(value, writer);
                break;
            case "minItems" or "maxItems" or "minLength" or "maxLength" or "minProperties" or "maxProperties"
                when GeminiMembers.Integer(value) is { } number:
                writer.WriteNumber(name, number);
                break;
            case "format" when GeminiMembers.Text(value) == "enum":
                break;
            case "example":
                writer.WriteStartArray("examples"u8);
                writer.WriteElement(value);
                writer.WriteEndArray();
                break;
            default:
                writer.WritePropertyName(name);
                writer.WriteElement(value);
                break;
        }
    }

    private static void WriteNullChoice(string name, bool isNullable, Utf8JsonWriter writer)
    {
        if (!isNullable)
        {
            return;
        }

        if (name == "enum")
        {
            writer.WriteNullValue();
            return;
        }

        writer.WriteStartObject();
        writer.WriteString("type"u8, "null"u8);
        writer.WriteEndObject();
    }

    private static void WriteType(string type, bool isNullable, Utf8JsonWriter writer)
    {
        if (!isNullable)
        {
            writer.WriteString("type"u8, type);
            return;
        }

        writer.WriteStartArray("type"u8);
        writer.WriteStringValue(type);
        writer.WriteStringValue("null"u8);
        writer.WriteEndArray();
    }

    /// <summary>An enum of protobuf is its name or its number.</summary>
    private static string? TypeOf(JsonElement type) => type.ValueKind switch
    {
        JsonValueKind.String => GeminiMembers.Text(type)!.ToLowerInvariant() is var name && Array.IndexOf(Types, name) > 0 ? name : null,
        JsonValueKind.Number => type.TryGetInt32(out var number) && number > 0 && number < Types.Length ? Types[number] : null,
        _ => null,
    };
}
