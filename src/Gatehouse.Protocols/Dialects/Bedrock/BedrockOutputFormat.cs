using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Bedrock;

/// <summary><c>outputConfig.textFormat</c>: <c>{type: "json_schema", structure: {jsonSchema: {schema: "...", name, description}}}</c>; the schema is a string.</summary>
internal static class BedrockOutputFormat
{
    /// <summary>Null where none is told, or none that this version knows.</summary>
    public static ResponseFormat? Read(JsonElement body)
    {
        if (body.Object("outputConfig")?.Object("textFormat")?.Object("structure")?.Object("jsonSchema") is not { } definition
            || definition.Text("schema") is not { } text || Parse(text) is not { } schema)
        {
            return null;
        }

        return new ResponseFormat(ResponseFormatKind.JsonSchema)
        {
            Name = definition.Text("name"),
            Description = definition.Text("description"),
            Schema = schema,
        };
    }

    /// <summary>Writes the member <c>outputConfig</c>.</summary>
    public static void Write(Utf8JsonWriter writer, ResponseFormat format)
    {
        writer.WriteStartObject("outputConfig"u8);
        writer.WriteStartObject("textFormat"u8);
        writer.WriteString("type"u8, "json_schema"u8);
        writer.WriteStartObject("structure"u8);
        writer.WriteStartObject("jsonSchema"u8);
        writer.WriteString("schema"u8, format.Schema is { } schema ? schema.GetRawText() : "{}");
        writer.WriteOptional("name", format.Name);
        writer.WriteOptional("description", format.Description);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static JsonElement? Parse(string schema)
    {
        try
        {
            var element = JsonElement.Parse(schema);
            return element.ValueKind == JsonValueKind.Object && JsonUnicode.IsValid(System.Text.Encoding.UTF8.GetBytes(schema)) ? element : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
