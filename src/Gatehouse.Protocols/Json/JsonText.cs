using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace Gatehouse.Protocols.Json;

internal static class JsonText
{
    /// <summary>Tells the upper case of an ASCII letter from its lower case.</summary>
    private const int CaseBit = 0x20;

    private static readonly SearchValues<byte> PlainCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."u8);

    /// <summary>
    /// Whether the reader's name or string is a text, escaped or not. As <see cref="Utf8JsonReader.ValueTextEquals(ReadOnlySpan{byte})"/>,
    /// which throws on half a surrogate pair: that is JSON (RFC 8259, 8.2), equals nothing, and a body of nothing else must not cost an
    /// exception per name.
    /// </summary>
    /// <param name="reader">At a name or a string.</param>
    /// <param name="text">ASCII letters, digits, '_' and '.': the names of the wire formats. None of them has a short escape.</param>
    public static bool TextIs(this in Utf8JsonReader reader, ReadOnlySpan<byte> text) =>
        reader.ValueIsEscaped ? EscapedTextIs(reader, text) : reader.ValueTextEquals(text);

    /// <summary>As <see cref="TextIs"/>, whatever the case of the letters.</summary>
    public static bool TextIsInAnyCase(this in Utf8JsonReader reader, ReadOnlySpan<byte> text) => EscapedTextIs(reader, text, CaseBit);

    /// <summary>An unescaped name or string of ASCII letters, digits, '_', '-' and '.'; null for any other.</summary>
    public static string? GetPlainText(this in Utf8JsonReader reader)
    {
        var bytes = reader.HasValueSequence ? reader.ValueSequence.ToArray() : reader.ValueSpan;
        return bytes.IsEmpty || bytes.ContainsAnyExcept(PlainCharacters) ? null : Encoding.ASCII.GetString(bytes);
    }

    private static bool EscapedTextIs(in Utf8JsonReader reader, ReadOnlySpan<byte> text, int ignoredBits = 0)
    {
        const int LongestEscape = 6;
        if (!reader.HasValueSequence)
        {
            return Unescapes(reader.ValueSpan, text, ignoredBits);
        }

        if (reader.ValueSequence.Length > text.Length * LongestEscape)
        {
            return false;
        }

        Span<byte> raw = stackalloc byte[(int)reader.ValueSequence.Length];
        reader.ValueSequence.CopyTo(raw);
        return Unescapes(raw, text, ignoredBits);
    }

    private static bool Unescapes(ReadOnlySpan<byte> raw, ReadOnlySpan<byte> text, int ignoredBits)
    {
        foreach (var expected in text)
        {
            var length = 1;
            if (raw.IsEmpty)
            {
                return false;
            }

            if (raw[0] == '\\')
            {
                if (raw[1] != 'u' || !Utf8Parser.TryParse(raw.Slice(2, 4), out ushort character, out _, 'x') || (character | ignoredBits) != (expected | ignoredBits))
                {
                    return false;
                }

                length = 6;
            }
            else if ((raw[0] | ignoredBits) != (expected | ignoredBits))
            {
                return false;
            }

            raw = raw[length..];
        }

        return raw.IsEmpty;
    }
}
