using System.Text.Json;

namespace Gatehouse.Protocols.Tests.Aligned;

/// <summary>Members of JSON objects, where null is as nothing. The tests' own: what they check must not read with the same eyes.</summary>
internal static class Members
{
    public static JsonElement? At(this JsonElement? element, string name) => element is { } value ? value.At(name) : null;

    public static JsonElement? At(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null
            ? value
            : null;

    public static IEnumerable<JsonElement> All(this JsonElement? element) =>
        element is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray() : [];

    public static IEnumerable<JsonElement> All(this JsonElement element, string name) => element.At(name).All();

    public static string? Text(this JsonElement element, string name) => element.At(name).Text();

    public static string? Text(this JsonElement? element) => element is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    public static long Count(this JsonElement? element, string name) =>
        element.At(name) is { ValueKind: JsonValueKind.Number } value ? value.GetInt64() : 0;
}
