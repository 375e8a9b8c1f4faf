using System.Text.Json;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects;

/// <summary>The schema of a tool's parameters, as OpenAI wants it.</summary>
internal static class ObjectSchema
{
    /// <summary>
    /// Writes a schema of another dialect's caller; an object without properties gets empty ones: "Invalid schema for function 'f': In
    /// context=(), object schema missing properties" (OpenAI's 400).
    /// </summary>
    /// <param name="writer">At a place for a value.</param>
    /// <param name="schema">As the caller wrote it.</param>
    public static void Write(Utf8JsonWriter writer, JsonElement schema)
    {
        if (schema.ValueKind != JsonValueKind.Object || schema.Member("properties") is not null
            || (schema.Text("type") != "object" && schema.EnumerateObject().Any()))
        {
            writer.WriteElement(schema);
            return;
        }

        writer.WriteStartObject();
        if (schema.Member("type") is null)
        {
            writer.WriteString("type", "object");
        }

        foreach (var member in schema.EnumerateObject())
        {
            if (JsonMembers.NameOf(member) != "properties")
            {
                writer.WriteMember(member);
            }
        }

        writer.WriteStartObject("properties");
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
