using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Gatehouse.Protocols.Tests.Generators;

/// <summary>JSON texts as nobody formats them: odd white space, needless escapes, numbers in every form, names used twice.</summary>
internal static class JsonTexts
{
    private static readonly Gen<string> Number =
        from sign in Gen.Elements("", "-")
        from integer in Gen.Elements("0", "1", "7", "42", "10", "9007199254740993", "123456789012345678901234567890")
        from fraction in Gen.Elements("", "", ".0", ".5", ".000", ".1234567890123456789")
        from exponent in Gen.Elements("", "", "e1", "E0", "e+02", "E-7", "e999")
        select sign + integer + fraction + exponent;

    private static readonly Gen<string> StringPart = Gen.Frequency(
        (6, Gen.Elements("a", "b", "id", "model", " ", "/", "0", "{", "}", "[", "]", ":", ",", "'", "data: x", "\u007f")),
        (3, Gen.Elements("\\\"", "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t", "\\u0041", "\\u00e9", "\\u0000", "\\uD83D\\uDE00", "\\u2028")),
        (2, Gen.Elements("\u00e9", "\u4e16\u754c", "\U0001f600", "\u2028", "\ufeff")));

    /// <summary>Space, or none, where JSON allows it.</summary>
    public static Gen<string> Space { get; } = Gen.Frequency(
        (6, Gen.Constant("")),
        (2, Gen.Elements(" ", "\n", "\r\n", "\t")),
        (1, Gen.Elements("  ", " \t\r\n ", "\n\n    ")));

    /// <summary>With its quotes.</summary>
    public static Gen<string> String { get; } = StringPart.ListOf().Resize(6).Select(parts => $"\"{string.Concat(parts)}\"");

    public static Gen<string> Scalar { get; } = Gen.Frequency(
        (3, Number), (3, String), (1, Gen.Elements("true", "false", "null")));

    public static Gen<string> Value { get; } = Gen.Sized(size => ValueOf(Math.Min(size / 8, 6)));

    /// <summary>An object whose names come, among others, from <paramref name="names"/>: with their quotes.</summary>
    public static Gen<string> ObjectOf(Gen<string> names) => Gen.Sized(size => ObjectOf(names, Math.Min(size / 8, 6)));

    /// <summary>A value with white space around it.</summary>
    public static Gen<string> Padded(Gen<string> text) => from before in Space from value in text from after in Space select before + value + after;

    /// <summary>The UTF-8 of a text with a few bytes changed, lost or added: mostly not valid any more.</summary>
    public static Gen<byte[]> Mutated(Gen<string> text) =>
        from original in text.Select(Encoding.UTF8.GetBytes)
        from edits in (from at in Gen.Choose(0, 1_000_000) from kind in Gen.Choose(0, 3) from value in OddByte select (at, kind, value)).NonEmptyListOf().Resize(3)
        select edits.Aggregate(original, (bytes, edit) => Mutate(bytes, edit.at, edit.kind, edit.value));

    private static Gen<byte> OddByte { get; } = Gen.OneOf(
        Gen.Elements("{}[]\",:\\ \n0123456789-+.eEtrufalsn\u0000\u001f"u8.ToArray()),
        // Not UTF-8, or not alone.
        Gen.Elements<byte>(0x80, 0xc3, 0xe2, 0xef, 0xbb, 0xbf, 0xf0, 0xff),
        Gen.Choose(0, 255).Select(b => (byte)b));

    private static byte[] Mutate(byte[] bytes, int at, int kind, byte value)
    {
        var offset = at % (bytes.Length + 1);
        return kind switch
        {
            0 => [.. bytes[..offset], value, .. bytes[offset..]],
            1 when offset < bytes.Length => [.. bytes[..offset], .. bytes[(offset + 1)..]],
            2 when offset < bytes.Length => [.. bytes[..offset], value, .. bytes[(offset + 1)..]],
            _ => bytes[..offset],
        };
    }

    private static Gen<string> ValueOf(int depth) => depth <= 0
        ? Scalar
        : Gen.Frequency((2, Scalar), (1, ArrayOf(depth - 1)), (2, ObjectOf(String, depth - 1)));

    private static Gen<string> ArrayOf(int depth) =>
        from items in Padded(ValueOf(depth)).ListOf().Resize(4)
        from inEmpty in Space
        select items.Count == 0 ? $"[{inEmpty}]" : $"[{string.Join(',', items)}]";

    private static Gen<string> ObjectOf(Gen<string> names, int depth) =>
        from members in (from name in Padded(names) from value in Padded(ValueOf(depth)) select $"{name}:{value}").ListOf().Resize(5)
        from inEmpty in Space
        select members.Count == 0 ? $"{{{inEmpty}}}" : $"{{{string.Join(',', members)}}}";
}
