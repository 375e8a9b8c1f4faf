using FsCheck;
using FsCheck.Fluent;

namespace Gatehouse.Protocols.Tests.Generators;

/// <summary>Texts of event streams, tame and wild.</summary>
internal static class EventStreams
{
    private static readonly string[] LineEnds = ["\n", "\r\n", "\r"];

    private static readonly Gen<string> Line = Gen.Frequency(
        (4, Gen.Elements("data: {\"a\":1}", "data:x", "data", "data:", "data:  two spaces", "data : not a field", "data: [DONE]", "data: a:b")),
        (2, Gen.Elements("event: message", "event:error", "event", "events: x", "dat", "database: x", "Data: x")),
        (2, Gen.Elements("id: 7", "retry: 10", "unknown: y", ":", ": comment", ":comment", " data: x", "\u00a0data: x")),
        (2, Gen.Elements("data: h\u00e9llo", "data: \u4e16\u754c", "data: \U0001f600\U0001f680", "event: \u00fc", "data: \u2028\u0085")),
        // Blank: a frame ends here.
        (5, Gen.Constant("")));

    /// <summary>Text without an end: what follows the last line end is unfinished.</summary>
    public static Gen<string> Text { get; } = Gen.OneOf(
        // One kind of line end, as servers write them.
        from lineEnd in Gen.Elements(LineEnds)
        from lines in Line.ListOf()
        from rest in Gen.Elements("", "", "data: unf", ":", "\r")
        select string.Concat(lines.Select(line => line + lineEnd)) + rest,
        // Kinds mixed.
        from lines in (from line in Line from lineEnd in Gen.Elements(LineEnds) select line + lineEnd).ListOf()
        from rest in Gen.Elements("", "", "x", "\r", "\r\r", "\n\r")
        select string.Concat(lines) + rest,
        // Anything, with many line ends in it.
        Gen.Elements("\r", "\n", "\r\n", "a", ":", "data", " ", "\u00e9", "event:").ListOf().Select(string.Concat));
}
