using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Unicode;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Json;

/// <summary>
/// Whether the strings of a JSON text are text. The grammar allows half a surrogate pair as an escape (RFC 8259, 8.2: "the behavior of
/// software that receives [such] values is unpredictable"), and the parser does not look at the UTF-8 of strings that nobody reads; both
/// would surface when the value is copied.
/// </summary>
internal static class JsonUnicode
{
    private const int EscapeLength = 6;

    /// <exception cref="MalformedException">Some name or string is not valid Unicode.</exception>
    public static void Check(JsonElement body) => Check(JsonMarshal.GetRawUtf8Value(body));

    /// <inheritdoc cref="Check(JsonElement)"/>
    public static void Check(ReadOnlySpan<byte> json)
    {
        if (!IsValid(json))
        {
            throw new MalformedException(null, "it holds half a surrogate pair or bytes that are not UTF-8: JSON must be valid Unicode");
        }
    }

    /// <param name="json">A JSON text.</param>
    public static bool IsValid(ReadOnlySpan<byte> json)
    {
        if (!Utf8.IsValid(json))
        {
            return false;
        }

        while (json.IndexOf((byte)'\\') is var backslash and >= 0)
        {
            json = json[backslash..];
            if (Escape(json) is not { } unit)
            {
                json = json[Math.Min(2, json.Length)..];
                continue;
            }

            json = json[EscapeLength..];
            if (char.IsLowSurrogate(unit))
            {
                return false;
            }

            if (char.IsHighSurrogate(unit))
            {
                if (Escape(json) is not { } low || !char.IsLowSurrogate(low))
                {
                    return false;
                }

                json = json[EscapeLength..];
            }
        }

        return true;
    }

    /// <summary>The UTF-16 unit of a <c>\uXXXX</c> with which the text begins.</summary>
    private static char? Escape(ReadOnlySpan<byte> json) =>
        json.Length >= EscapeLength && json[0] == '\\' && json[1] == 'u' && Utf8Parser.TryParse(json.Slice(2, 4), out ushort unit, out var length, 'x') && length == 4
            ? (char)unit
            : null;
}
