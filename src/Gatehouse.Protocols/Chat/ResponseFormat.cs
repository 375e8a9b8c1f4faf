using System.Text.Json;

namespace Gatehouse.Protocols.Chat;

public enum ResponseFormatKind
{
    Text,

    /// <summary>Some JSON.</summary>
    JsonObject,

    /// <summary>JSON of a schema.</summary>
    JsonSchema,
}

/// <summary>What form the answer's text must have.</summary>
public sealed record ResponseFormat(ResponseFormatKind Kind)
{
    /// <summary>Of the schema.</summary>
    public string? Name { get; init; }

    public string? Description { get; init; }

    /// <summary>JSON Schema.</summary>
    public JsonElement? Schema { get; init; }

    /// <summary>As written in Gemini's own schema form, where it was: <see cref="Schema"/> is made of it.</summary>
    public JsonElement? OpenApiSchema { get; init; }

    public bool? Strict { get; init; }

    public Extensions? Extensions { get; init; }
}
