using System.Globalization;

namespace Gatehouse.Expressions.Syntax;

/// <summary>Cuts a source into tokens. The first mistake ends it.</summary>
internal sealed class Lexer(string source)
{
    private static readonly string[] Marks =
    [
        "&&", "||", "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "!", "?", ":", ".", ",", "(", ")", "[", "]", "{", "}",
    ];

    private readonly List<Token> _tokens = [];
    private int _position;

    public ExpressionError? Error { get; private set; }

    public List<Token> Read()
    {
        while (Error is null && SkipBlank())
        {
            ReadToken();
        }

        _tokens.Add(new Token(TokenKind.End, "", source.Length));
        return _tokens;
    }

    private bool SkipBlank()
    {
        while (_position < source.Length)
        {
            var character = source[_position];
            if (character is ' ' or '\t' or '\n' or '\r' or '\f')
            {
                _position++;
            }
            else if (character == '/' && Peek(1) == '/')
            {
                var end = source.IndexOf('\n', _position);
                _position = end < 0 ? source.Length : end;
            }
            else
            {
                return true;
            }
        }

        return false;
    }

    private char Peek(int distance) => _position + distance < source.Length ? source[_position + distance] : '\0';

    private void ReadToken()
    {
        var character = source[_position];
        if (StringPrefix() is { } prefix)
        {
            ReadString(prefix);
        }
        else if (char.IsAsciiLetter(character) || character == '_')
        {
            var start = _position;
            while (char.IsAsciiLetterOrDigit(Peek(0)) || Peek(0) == '_')
            {
                _position++;
            }

            Add(TokenKind.Name, start);
        }
        else if (char.IsAsciiDigit(character) || (character == '.' && char.IsAsciiDigit(Peek(1))))
        {
            ReadNumber();
        }
        else if (character == '`')
        {
            ReadQuotedName();
        }
        else if (Array.Find(Marks, mark => string.CompareOrdinal(source, _position, mark, 0, mark.Length) == 0) is { } mark)
        {
            _tokens.Add(new Token(TokenKind.Mark, mark, _position));
            _position += mark.Length;
        }
        else
        {
            Fail(UnknownCharacter(character), _position);
        }
    }

    private static string UnknownCharacter(char character) => character switch
    {
        '=' => "'=' is no operator; write '==' to compare",
        '&' => "'&' is no operator; write '&&'",
        '|' => "'|' is no operator; write '||'",
        _ => $"the character {Printable(character)} has no meaning here",
    };

    private static string Printable(char character) => char.IsControl(character) || char.IsSurrogate(character)
        ? $"U+{((int)character).ToString("X4", CultureInfo.InvariantCulture)}"
        : $"'{character}'";

    /// <summary>The letters before a quote (r, b, br, any case), or null where no string starts.</summary>
    private string? StringPrefix()
    {
        for (var length = 0; length <= 2; length++)
        {
            if (Peek(length) is '"' or '\'')
            {
                return source.Substring(_position, length).ToLowerInvariant() is var prefix && prefix is "" or "r" or "b" or "br" or "rb" ? prefix : null;
            }
        }

        return null;
    }

    private void ReadString(string prefix)
    {
        var start = _position;
        _position += prefix.Length;
        var quote = source[_position];
        var isTriple = Peek(1) == quote && Peek(2) == quote;
        var delimiter = new string(quote, isTriple ? 3 : 1);
        _position += delimiter.Length;
        var body = _position;
        var isRaw = prefix.Contains('r', StringComparison.Ordinal);
        while (string.CompareOrdinal(source, _position, delimiter, 0, delimiter.Length) != 0)
        {
            if (_position >= source.Length || (!isTriple && source[_position] is '\n' or '\r'))
            {
                Fail($"the string that starts here has no closing {delimiter}", start);
                return;
            }

            _position += !isRaw && source[_position] == '\\' && _position + 1 < source.Length ? 2 : 1;
        }

        var text = source[body.._position];
        _position += delimiter.Length;
        var literal = new StringLiteral(text, isRaw, prefix.Contains('b', StringComparison.Ordinal));
        if (literal.TryRead(out var value, out var message, out var mistake))
        {
            _tokens.Add(new Token(TokenKind.Literal, source[start.._position], start, value));
        }
        else
        {
            Fail(message, body + mistake);
        }
    }

    private void ReadQuotedName()
    {
        var start = _position++;
        while (char.IsAsciiLetterOrDigit(Peek(0)) || Peek(0) is '_' or '.' or '-' or '/' or ' ')
        {
            _position++;
        }

        if (Peek(0) != '`' || _position == start + 1)
        {
            Fail("a name in backticks has letters, digits, '_', '.', '-', '/' and blanks, and a backtick behind it", start);
            return;
        }

        _tokens.Add(new Token(TokenKind.QuotedName, source[(start + 1).._position], start));
        _position++;
    }

    private void ReadNumber()
    {
        var start = _position;
        if (Peek(0) == '0' && Peek(1) is 'x' or 'X')
        {
            _position += 2;
            SkipDigits(char.IsAsciiHexDigit);
            ReadInteger(start, source.AsSpan(start + 2, _position - start - 2), NumberStyles.AllowHexSpecifier);
            return;
        }

        SkipDigits(char.IsAsciiDigit);
        var isDouble = false;
        if (Peek(0) == '.' && char.IsAsciiDigit(Peek(1)))
        {
            isDouble = true;
            _position++;
            SkipDigits(char.IsAsciiDigit);
        }

        if (Peek(0) is 'e' or 'E' && (char.IsAsciiDigit(Peek(1)) || (Peek(1) is '+' or '-' && char.IsAsciiDigit(Peek(2)))))
        {
            isDouble = true;
            _position += 2;
            SkipDigits(char.IsAsciiDigit);
        }

        if (!isDouble)
        {
            ReadInteger(start, source.AsSpan(start, _position - start), NumberStyles.None);
            return;
        }

        var number = double.Parse(source.AsSpan(start, _position - start), CultureInfo.InvariantCulture);
        if (double.IsInfinity(number))
        {
            Fail($"the number {source[start.._position]} is too large for a double", start);
            return;
        }

        _tokens.Add(new Token(TokenKind.Literal, source[start.._position], start, CelValue.From(number)));
    }

    private void ReadInteger(int start, ReadOnlySpan<char> digits, NumberStyles style)
    {
        if (!ulong.TryParse(digits, style, CultureInfo.InvariantCulture, out var number))
        {
            Fail($"the number {source[start.._position]} does not fit 64 bits", start);
        }
        else if (Peek(0) is 'u' or 'U')
        {
            _position++;
            _tokens.Add(new Token(TokenKind.Literal, source[start.._position], start, CelValue.From(number)));
        }
        else
        {
            _tokens.Add(new Token(TokenKind.Integer, source[start.._position], start, CelValue.From(number)));
        }
    }

    private void SkipDigits(Func<char, bool> isDigit)
    {
        while (isDigit(Peek(0)))
        {
            _position++;
        }
    }

    private void Add(TokenKind kind, int start) => _tokens.Add(new Token(kind, source[start.._position], start));

    private void Fail(string message, int offset) => Error = SourceText.Error(source, message, offset);
}
