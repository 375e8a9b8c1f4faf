using System.Collections.Frozen;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Anthropic;

/// <summary><c>cache_control: {"type": "ephemeral", "ttl": "5m" | "1h"}</c></summary>
internal static class AnthropicCacheControl
{
    private static readonly FrozenSet<string> Known = ["type", "ttl"];

    private static readonly FrozenSet<string> KnownBesideTtl = ["type"];

    /// <param name="owner">The object that may have one.</param>
    public static CacheControl? Read(JsonElement owner)
    {
        if (owner.Object("cache_control") is not { } control)
        {
            return null;
        }

        var ttl = control.Text("ttl");
        return new CacheControl(ttl == "1h", ttl is not null)
        {
            // A time that this version does not know goes back to Anthropic as it came.
            Extensions = control.ExtensionsBeside(Dialect.Anthropic, ttl is null or "5m" or "1h" ? Known : KnownBesideTtl),
        };
    }

    public static void Write(Utf8JsonWriter writer, CacheControl? control)
    {
        if (control is null)
        {
            return;
        }

        writer.WriteStartObject("cache_control"u8);
        writer.WriteString("type"u8, "ephemeral"u8);
        if ((control.OneHour || control.HasTimeToLive) && control.Extensions?.Members.Any(m => m.Name == "ttl") != true)
        {
            writer.WriteString("ttl"u8, control.OneHour ? "1h"u8 : "5m"u8);
        }

        writer.WriteExtensions(control.Extensions, Dialect.Anthropic);
        writer.WriteEndObject();
    }
}
