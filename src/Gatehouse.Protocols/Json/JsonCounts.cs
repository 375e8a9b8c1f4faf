using System.Text.Json;

namespace Gatehouse.Protocols.Json;

/// <summary>Reads counts from JSON of which nothing is certain: what is not there, or is not a count, is null.</summary>
internal static class JsonCounts
{
    /// <summary>The largest integer on which all JSON software agrees (RFC 8259, 6); sums of a few such counts cannot overflow.</summary>
    public const long MaxCount = (1L << 53) - 1;

    /// <summary>A count of tokens or calls: an integer from 0 to <see cref="MaxCount"/>.</summary>
    public static long? Count(this JsonElement element, string name) =>
        element.Member(name) is { ValueKind: JsonValueKind.Number } number && number.TryGetInt64(out var value) && value is >= 0 and <= MaxCount
            ? value
            : null;

    /// <summary>Whether a member is this text.</summary>
    public static bool HasText(this JsonElement element, string name, string text) => element.Member(name) is { } value && value.IsText(text);

    /// <summary>Whether a value is this text. Half a surrogate pair is JSON, and none.</summary>
    public static bool IsText(this JsonElement element, string text)
    {
        try
        {
            return element.ValueKind == JsonValueKind.String && element.ValueEquals(text);
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>What is left of a total without one of its parts. Providers' totals and parts do not always agree: never below 0.</summary>
    public static long? Without(this long? total, long? part) => total is { } all ? Math.Max(0, all - (part ?? 0)) : null;

    /// <summary>The sum of counts of which some may not be reported; null when none is.</summary>
    public static long? Plus(this long? count, long? other) => count is null ? other : other is null ? count : Math.Min(MaxCount, count.Value + other.Value);
}
