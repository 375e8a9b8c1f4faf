using System.Buffers;
using System.Globalization;
using System.Text;

namespace Gatehouse.Expressions.Syntax;

/// <summary>Reads what stands between the quotes of a string or bytes literal.</summary>
internal sealed class StringLiteral(string body, bool isRaw, bool isBytes)
{
    private readonly StringBuilder _text = new();
    private readonly ArrayBufferWriter<byte> _bytes = new();
    private int _position;

    public bool TryRead(out CelValue value, out string message, out int mistake)
    {
        (value, message) = (default, "");
        while (_position < body.Length)
        {
            mistake = _position;
            if (isRaw || body[_position] != '\\')
            {
                AppendPlain();
            }
            else if (!TryAppendEscape(out message))
            {
                return false;
            }
        }

        mistake = 0;
        value = isBytes ? CelValue.FromBytes(_bytes.WrittenSpan.ToArray()) : CelValue.From(_text.ToString());
        return true;
    }

    private void AppendPlain()
    {
        var length = char.IsHighSurrogate(body[_position]) && _position + 1 < body.Length && char.IsLowSurrogate(body[_position + 1]) ? 2 : 1;
        Append(body.AsSpan(_position, length));
        _position += length;
    }

    private void Append(ReadOnlySpan<char> text)
    {
        if (isBytes)
        {
            Encoding.UTF8.GetBytes(text, _bytes);
        }
        else
        {
            _text.Append(text);
        }
    }

    private bool TryAppendEscape(out string message)
    {
        message = "";
        var escape = _position + 1 < body.Length ? body[_position + 1] : '\0';
        var digits = escape switch
        {
            'x' or 'X' => 2,
            'u' => 4,
            'U' => 8,
            >= '0' and <= '3' => 3,
            _ => 0,
        };
        if (digits == 0)
        {
            _position += 2;
            return TryAppendCharacter(escape, out message);
        }

        var isOctal = char.IsAsciiDigit(escape);
        var start = _position + (isOctal ? 1 : 2);
        if (start + digits > body.Length || !TryParse(body.AsSpan(start, digits), isOctal, out var code))
        {
            message = $"the escape \\{escape} takes {digits} {(isOctal ? "octal" : "hexadecimal")} digits";
            return false;
        }

        _position = start + digits;
        return TryAppendCode(code, escape is 'u' or 'U', out message);
    }

    private bool TryAppendCharacter(char escape, out string message)
    {
        message = "";
        var character = escape switch
        {
            'a' => '\a',
            'b' => '\b',
            'f' => '\f',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\v',
            '\\' or '?' or '"' or '\'' or '`' => escape,
            _ => '\0',
        };
        if (character == '\0')
        {
            message = $"there is no escape \\{escape}; write \\\\ for a backslash, or r\"...\" for a string without escapes";
            return false;
        }

        Append([character]);
        return true;
    }

    private bool TryAppendCode(uint code, bool isUnicode, out string message)
    {
        message = "";
        if (isBytes && isUnicode)
        {
            message = "\\u and \\U are escapes of strings, not of bytes; write \\x";
            return false;
        }

        if (isBytes)
        {
            _bytes.Write([(byte)code]);
            return true;
        }

        if (!Rune.IsValid(code))
        {
            message = "the escape is no Unicode code point";
            return false;
        }

        _text.Append(new Rune(code).ToString());
        return true;
    }

    private static bool TryParse(ReadOnlySpan<char> digits, bool isOctal, out uint code)
    {
        if (!isOctal)
        {
            return uint.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out code);
        }

        code = 0;
        foreach (var digit in digits)
        {
            if (digit is < '0' or > '7')
            {
                return false;
            }

            code = (code * 8) + (uint)(digit - '0');
        }

        return true;
    }
}
