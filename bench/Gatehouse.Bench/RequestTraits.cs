namespace Gatehouse.Bench;

/// <summary>
/// What the mock upstream must know of a request, found by searching for the member's bytes: parsing JSON would cost the mock
/// CPU that the measured process needs. Inside a JSON string the quotes are escaped, so that text cannot match.
/// </summary>
internal readonly record struct RequestTraits(bool Stream, bool IncludeUsage, bool Idle)
{
    public static RequestTraits Read(ReadOnlySpan<byte> json) => new(
        Stream: Value(json, "\"stream\""u8).StartsWith("true"u8),
        IncludeUsage: Value(json, "\"include_usage\""u8).StartsWith("true"u8),
        Idle: Value(json, "\"model\""u8).StartsWith("\"idle\""u8));

    private static ReadOnlySpan<byte> Value(ReadOnlySpan<byte> json, ReadOnlySpan<byte> name)
    {
        var at = json.IndexOf(name);
        if (at < 0)
        {
            return [];
        }

        var rest = json[(at + name.Length)..].TrimStart(" \t\r\n"u8);
        return rest is [(byte)':', .. var value] ? value.TrimStart(" \t\r\n"u8) : [];
    }
}
