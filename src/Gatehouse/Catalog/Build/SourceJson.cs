using System.Text.Json;

namespace Gatehouse.Catalog.Build;

internal static class SourceJson
{
    /// <summary>A member that is there and is not null; null of anything else, and of what is not an object.</summary>
    public static JsonElement? Member(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var member) && member.ValueKind != JsonValueKind.Null ? member : null;
}
