using System.Globalization;
using System.Text.Json;

namespace Gatehouse.Protocols.Dialects.Anthropic;

/// <summary>A model as Anthropic's clients know it.</summary>
/// <param name="Id">What they put into <c>model</c>.</param>
/// <param name="DisplayName">For people.</param>
/// <param name="CreatedAt">When it was released; the Unix epoch when unknown, as Anthropic has it.</param>
public sealed record AnthropicModel(string Id, string DisplayName, DateTimeOffset CreatedAt);

/// <summary>The answers to <c>GET /v1/models</c> and <c>GET /v1/models/{id}</c>.</summary>
public static class AnthropicModelList
{
    /// <summary>All models on one page: <c>{"data": [...], "has_more": false, "first_id", "last_id"}</c>.</summary>
    public static void Write(IReadOnlyList<AnthropicModel> models, Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("data"u8);
        foreach (var model in models)
        {
            Write(model, writer);
        }

        writer.WriteEndArray();
        writer.WriteBoolean("has_more"u8, false);
        writer.WriteString("first_id"u8, models.Count > 0 ? models[0].Id : null);
        writer.WriteString("last_id"u8, models.Count > 0 ? models[^1].Id : null);
        writer.WriteEndObject();
    }

    public static void Write(AnthropicModel model, Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "model"u8);
        writer.WriteString("id"u8, model.Id);
        writer.WriteString("display_name"u8, model.DisplayName);
        writer.WriteString("created_at"u8, model.CreatedAt.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture));
        writer.WriteEndObject();
    }
}
