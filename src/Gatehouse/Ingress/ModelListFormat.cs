using System.Globalization;
using System.Text.Json;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Ingress;

/// <summary>The list of models as the SDKs of each dialect read it.</summary>
internal static class ModelListFormat
{
    /// <summary>The dialect of a caller who asks for <c>/v1/models</c>, which three dialects have.</summary>
    public static Dialect DialectOf(HttpRequest request) =>
        request.Path.StartsWithSegments("/v1beta", StringComparison.Ordinal) || request.Headers.ContainsKey("x-goog-api-key") ? Dialect.Gemini
        : request.Headers.ContainsKey("anthropic-version") ? Dialect.Anthropic
        : Dialect.OpenAiChat;

    public static void WriteList(Utf8JsonWriter writer, Dialect dialect, IReadOnlyList<(string Id, string Owner)> models, DateTimeOffset created)
    {
        writer.WriteStartObject();
        if (dialect == Dialect.OpenAiChat)
        {
            writer.WriteString("object"u8, "list"u8);
        }

        writer.WriteStartArray(dialect == Dialect.Gemini ? "models"u8 : "data"u8);
        foreach (var (id, owner) in models)
        {
            WriteModel(writer, dialect, id, owner, created);
        }

        writer.WriteEndArray();
        if (dialect == Dialect.Anthropic)
        {
            writer.WriteBoolean("has_more"u8, value: false);
            writer.WriteString("first_id"u8, models.Count > 0 ? models[0].Id : null);
            writer.WriteString("last_id"u8, models.Count > 0 ? models[^1].Id : null);
        }

        writer.WriteEndObject();
    }

    public static void WriteModel(Utf8JsonWriter writer, Dialect dialect, string id, string owner, DateTimeOffset created)
    {
        writer.WriteStartObject();
        switch (dialect)
        {
            case Dialect.Gemini:
                writer.WriteString("name"u8, $"models/{id}");
                writer.WriteString("displayName"u8, id);
                writer.WriteStartArray("supportedGenerationMethods"u8);
                writer.WriteStringValue("generateContent"u8);
                writer.WriteStringValue("countTokens"u8);
                writer.WriteEndArray();
                break;
            case Dialect.Anthropic:
                writer.WriteString("type"u8, "model"u8);
                writer.WriteString("id"u8, id);
                writer.WriteString("display_name"u8, id);
                writer.WriteString("created_at"u8, created.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
                break;
            default:
                writer.WriteString("id"u8, id);
                writer.WriteString("object"u8, "model"u8);
                writer.WriteNumber("created"u8, created.ToUnixTimeSeconds());
                writer.WriteString("owned_by"u8, owner);
                break;
        }

        writer.WriteEndObject();
    }
}
