using System.Text.Json;

namespace Gatehouse.Protocols.Json;

/// <summary>Values as the wire formats write them, read without an exception for what is not one.</summary>
internal static class JsonValueReader
{
    /// <summary>
    /// An integer, also as 3.0 or 3e0: some providers write their counts so. False for any other value, which the caller skips.
    /// </summary>
    /// <param name="reader">At the value.</param>
    public static bool TryGetInteger(this in Utf8JsonReader reader, out long value)
    {
        // The largest integer on which all JSON software agrees (RFC 8259, 6).
        const double MaxExact = 1L << 53;
        value = 0;
        if (reader.TokenType != JsonTokenType.Number)
        {
            return false;
        }

        if (reader.TryGetInt64(out value))
        {
            return true;
        }

        if (!reader.TryGetDouble(out var number) || !(Math.Abs(number) <= MaxExact) || Math.Truncate(number) != number)
        {
            return false;
        }

        value = (long)number;
        return true;
    }

    /// <summary>A count that a provider reports: null for what cannot be one. The reader stands at the end of the value afterwards.</summary>
    /// <param name="reader">At the name.</param>
    public static long? ReadCount(ref Utf8JsonReader reader)
    {
        _ = reader.Read();
        if (reader.TryGetInteger(out var value) && value is >= 0 and <= 1L << 53)
        {
            return value;
        }

        reader.Skip();
        return null;
    }

    /// <summary>Moves from a name to its value. False, and behind the value, when that is not an object.</summary>
    public static bool EnterObject(ref Utf8JsonReader reader)
    {
        _ = reader.Read();
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            return true;
        }

        reader.Skip();
        return false;
    }

    /// <summary>From a name to the end of its value.</summary>
    public static void SkipValue(ref Utf8JsonReader reader)
    {
        _ = reader.Read();
        reader.Skip();
    }
}
