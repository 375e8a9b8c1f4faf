using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Bedrock;

/// <summary>A block of its own, <c>{"cachePoint": {"type": "default", "ttl"?: "5m" | "1h"}}</c>, behind what is to be cached.</summary>
internal static class BedrockCachePoint
{
    private static readonly HashSet<string> Members = new(StringComparer.Ordinal) { "type", "ttl" };

    /// <summary>Null when it is not a cache point, or not of a kind that this version knows.</summary>
    /// <param name="block">Of a message, of the system prompt, or of the list of tools.</param>
    public static CacheControl? Read(JsonElement block)
    {
        if (block.Object("cachePoint") is not { } point || !point.HasText("type", "default"))
        {
            return null;
        }

        return point.Text("ttl") switch
        {
            null => new CacheControl(OneHour: false) { Extensions = point.ExtensionsBeside(Dialect.Bedrock, Members) },
            "5m" => new CacheControl(OneHour: false, HasTimeToLive: true) { Extensions = point.ExtensionsBeside(Dialect.Bedrock, Members) },
            "1h" => new CacheControl(OneHour: true, HasTimeToLive: true) { Extensions = point.ExtensionsBeside(Dialect.Bedrock, Members) },
            _ => null,
        };
    }

    /// <param name="writer">At a place for a block.</param>
    /// <param name="cache">What to write.</param>
    /// <param name="isOwn">It was written in this dialect; else the time that every model has anyway is not told.</param>
    public static void Write(Utf8JsonWriter writer, CacheControl cache, bool isOwn)
    {
        writer.WriteStartObject();
        writer.WriteStartObject("cachePoint"u8);
        writer.WriteString("type"u8, "default"u8);
        if (cache.OneHour)
        {
            writer.WriteString("ttl"u8, "1h"u8);
        }
        else if (cache.HasTimeToLive && isOwn)
        {
            writer.WriteString("ttl"u8, "5m"u8);
        }

        writer.WriteExtensions(cache.Extensions, Dialect.Bedrock);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
