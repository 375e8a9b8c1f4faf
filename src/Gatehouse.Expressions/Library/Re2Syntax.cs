using System.Globalization;
using System.Text;

namespace Gatehouse.Expressions.Library;

/// <summary>
/// Writes a regular expression of RE2 as one of .NET where the two read one text differently: <c>\d \w \s \b</c> are ASCII in RE2,
/// <c>$</c> is the end of the text alone, names of groups are written <c>(?P&lt;name&gt;</c>, and a repetition is at most 1000 times.
/// The size of the automaton is counted on the way: every time of a repetition is a copy of what is repeated, and where that repeats itself
/// without an end, every copy can be in every one of its states: <c>(.*a){200}</c> counts 200 times 200 times.
/// </summary>
internal sealed class Re2Syntax
{
    /// <summary>RE2's own bound on {n,m}.</summary>
    private const int MaxRepetition = 1000;

    private const int MaxSize = 2000;

    private readonly string _source;
    private readonly StringBuilder _output = new();
    private readonly Stack<(long Size, bool IsEndless)> _outer = new();
    private int _position;
    private string? _message;
    private long _size;
    private bool _isEndless;
    private (long Size, bool IsEndless) _last;

    private Re2Syntax(string source) => _source = source;

    /// <param name="size">How many atoms there are, with every time of a repetition counted.</param>
    public static bool TryTranslate(string source, out string translated, out long size, out string message)
    {
        var syntax = new Re2Syntax(source);
        syntax.Translate();
        size = syntax._size;
        translated = syntax._output.ToString();
        message = syntax._message is null ? "" : $"the regular expression is not in RE2's syntax: {syntax._message}";
        return syntax._message is null;
    }

    private void Translate()
    {
        while (_position < _source.Length && _message is null)
        {
            var character = _source[_position++];
            switch (character)
            {
                case '\\':
                    CountAtom(1, isEndless: false);
                    TranslateEscape(inClass: false);
                    break;
                case '[':
                    CountAtom(1, isEndless: false);
                    TranslateClass();
                    break;
                case '(':
                    _outer.Push((_size, _isEndless));
                    (_size, _isEndless) = (0, false);
                    TranslateGroup();
                    break;
                case ')' when _outer.Count > 0:
                    var inner = (Size: _size, IsEndless: _isEndless);
                    (_size, _isEndless) = _outer.Pop();
                    CountAtom(inner.Size + 1, inner.IsEndless);
                    _output.Append(')');
                    break;
                case '*' or '+':
                    _isEndless = true;
                    _last.IsEndless = true;
                    _output.Append(character);
                    break;
                case '$':
                    _output.Append("\\z");
                    break;
                case '{' when ReadRepetition() is var (count, isEndless):
                    CountRepetition(count, isEndless);
                    _output.Append('{');
                    break;
                default:
                    CountAtom(1, isEndless: false);
                    _output.Append(character);
                    break;
            }
        }
    }

    private void CountAtom(long size, bool isEndless)
    {
        _last = (size, isEndless);
        _size += size;
        _isEndless |= isEndless;
        _message ??= _size > MaxSize ? "its repetitions make it too large" : null;
    }

    private void CountRepetition(int count, bool isEndless)
    {
        if (count > MaxRepetition)
        {
            _message = $"a repetition of more than {MaxRepetition} times";
            return;
        }

        var copies = (long)Math.Max(count, 1);
        _size -= _last.Size;
        CountAtom(_last.Size * copies * (_last.IsEndless ? copies : 1), _last.IsEndless || isEndless);
    }

    private bool Follows(string text) => string.CompareOrdinal(_source, _position, text, 0, text.Length) == 0;

    private void TranslateGroup()
    {
        if (!Follows("?"))
        {
            _output.Append('(');
        }
        else if (Follows("?P<"))
        {
            _output.Append("(?<");
            _position += 3;
        }
        else if (Follows("?=") || Follows("?!") || Follows("?<=") || Follows("?<!") || Follows("?>") || Follows("?("))
        {
            _message = "it has no look-around, atomic or conditional groups";
        }
        else if (Follows("?i)") || Follows("?s)") || Follows("?i:") || Follows("?s:") || Follows("?:") || Follows("?<") || Follows("?is)") || Follows("?si)"))
        {
            _output.Append('(');
        }
        else
        {
            _message = "of the flags, (?i) and (?s) are supported";
        }
    }

    /// <summary>The highest number in a counted repetition, or null where the brace is a plain character.</summary>
    private (int Highest, bool IsEndless)? ReadRepetition()
    {
        var end = _source.IndexOf('}', _position);
        if (end < 0)
        {
            return null;
        }

        var highest = 0;
        foreach (var part in _source[_position..end].Split(','))
        {
            if (part.Length > 0 && !part.All(char.IsAsciiDigit))
            {
                return null;
            }

            highest = Math.Max(highest, part.Length > 4 ? int.MaxValue : part.Length == 0 ? 0 : int.Parse(part, CultureInfo.InvariantCulture));
        }

        return (highest, _source[end - 1] == ',');
    }

    private void TranslateEscape(bool inClass)
    {
        if (_position >= _source.Length)
        {
            _message = "a backslash stands at the end";
            return;
        }

        var character = _source[_position++];
        switch (character)
        {
            case 'd':
                _output.Append(inClass ? "0-9" : "[0-9]");
                break;
            case 'w':
                _output.Append(inClass ? "0-9A-Za-z_" : "[0-9A-Za-z_]");
                break;
            case 's':
                _output.Append(inClass ? "\\t\\n\\f\\r " : "[\\t\\n\\f\\r ]");
                break;
            case 'D' when !inClass:
                _output.Append("[^0-9]");
                break;
            case 'W' when !inClass:
                _output.Append("[^0-9A-Za-z_]");
                break;
            case 'S' when !inClass:
                _output.Append("[^\\t\\n\\f\\r ]");
                break;
            case 'Q' when !inClass:
                TranslateQuoted();
                break;
            case 'p' or 'P' when _position < _source.Length && _source[_position] != '{':
                _output.Append('\\').Append(character).Append('{').Append(_source[_position++]).Append('}');
                break;
            case 'z' or 'A' or 'b' or 'B' when !inClass:
            case 'p' or 'P' or 'a' or 'f' or 't' or 'n' or 'r' or 'v' or 'x' or 'D' or 'W' or 'S':
                _output.Append('\\').Append(character);
                break;
            default:
                if (char.IsAsciiLetterOrDigit(character))
                {
                    _message = $"there is no \\{character}";
                    break;
                }

                _output.Append('\\').Append(character);
                break;
        }
    }

    private void TranslateQuoted()
    {
        var end = _source.IndexOf("\\E", _position, StringComparison.Ordinal);
        foreach (var character in end < 0 ? _source.AsSpan(_position) : _source.AsSpan(_position, end - _position))
        {
            _output.Append(char.IsAsciiLetterOrDigit(character) || character > '\x7f' ? "" : "\\").Append(character);
        }

        _position = end < 0 ? _source.Length : end + 2;
    }

    private void TranslateClass()
    {
        _output.Append('[');
        if (Follows("^"))
        {
            _output.Append('^');
            _position++;
        }

        var isFirst = true;
        while (_position < _source.Length && _message is null && (isFirst || _source[_position] != ']'))
        {
            isFirst = false;
            var character = _source[_position++];
            if (character == '\\')
            {
                TranslateEscape(inClass: true);
            }
            else if (character == '[' && Follows(":"))
            {
                TranslateNamedClass();
            }
            else
            {
                _output.Append(character is '[' or ']' ? "\\" : "").Append(character);
            }
        }

        if (_position >= _source.Length)
        {
            _message ??= "a '[' is not closed";
            return;
        }

        _position++;
        _output.Append(']');
    }

    private void TranslateNamedClass()
    {
        var end = _source.IndexOf(":]", _position, StringComparison.Ordinal);
        var name = end < 0 ? "" : _source[(_position + 1)..end];
        var members = name switch
        {
            "alnum" => "0-9A-Za-z",
            "alpha" => "A-Za-z",
            "digit" => "0-9",
            "lower" => "a-z",
            "upper" => "A-Z",
            "space" => "\\t\\n\\v\\f\\r ",
            "xdigit" => "0-9A-Fa-f",
            "word" => "0-9A-Za-z_",
            "blank" => "\\t ",
            _ => null,
        };
        if (members is null)
        {
            _message = $"there is no class [:{name}:]";
            return;
        }

        _output.Append(members);
        _position = end + 2;
    }
}
