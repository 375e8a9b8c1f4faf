using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Gatehouse.Tests.Compatibility;

/// <summary>Strict looks at JSON: a member that its reader does not know is a failure.</summary>
internal static class Shape
{
    public static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>An object that has no members but these; those with <c>!</c> must be there.</summary>
    public static JsonObject Object(JsonNode? node, string what, string members)
    {
        var found = Assert.IsType<JsonObject>(node);
        var names = members.Split(' ');
        foreach (var (name, _) in found)
        {
            Assert.True(names.Contains(name, StringComparer.Ordinal) || names.Contains(name + "!", StringComparer.Ordinal), $"{what} has no member '{name}': {found.ToJsonString(Relaxed)}");
        }

        foreach (var name in names.Where(name => name.EndsWith('!')))
        {
            Assert.True(found.ContainsKey(name[..^1]), $"{what} needs '{name[..^1]}': {found.ToJsonString(Relaxed)}");
        }

        return found;
    }

    public static string Text(this JsonNode? node) => Assert.IsAssignableFrom<JsonValue>(node).GetValue<string>();

    public static long Number(this JsonNode? node) => Assert.IsAssignableFrom<JsonValue>(node).GetValue<long>();

    public static JsonArray Items(this JsonNode? node) => Assert.IsType<JsonArray>(node);

    public static JsonNode Parse(string json)
    {
        var node = JsonNode.Parse(json);
        return node ?? throw new InvalidOperationException("null is no answer");
    }

    /// <summary>A string as JSON.</summary>
    public static string Quote(string text) => JsonSerializer.Serialize(text, Relaxed);

    /// <summary>Two or three pieces of a text, as streams cut it.</summary>
    public static string[] Pieces(string text) => text.Length < 4
        ? [text]
        : [text[..(text.Length / 3)], text[(text.Length / 3)..(text.Length / 2)], text[(text.Length / 2)..]];

    /// <summary>JSON in one form whatever its writer.</summary>
    public static string Normal(string json) => SeenPrompt.Canonical(JsonNode.Parse(json));
}
