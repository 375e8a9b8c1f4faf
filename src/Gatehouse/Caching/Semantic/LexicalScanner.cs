using System.Globalization;
using System.Text;

namespace Gatehouse.Caching.Semantic;

/// <summary>A word, a number, a sign, or a piece of text that is compared as it is written.</summary>
/// <param name="Text">As it is compared: without case where that says nothing.</param>
/// <param name="Written">As it was written.</param>
/// <param name="IsName">Begins with a capital letter.</param>
/// <param name="IsVerbatim">A quotation, code, or what follows a colon.</param>
internal readonly record struct LexicalToken(string Text, string Written, bool IsName, bool IsVerbatim = false);

/// <summary>Cuts a text into tokens, in one pass.</summary>
internal ref struct LexicalScanner(string text)
{
    /// <summary>From here on scripts are written without spaces: each character is a token.</summary>
    private const int FirstWithoutSpaces = 0x2E80;

    private readonly List<LexicalToken> _tokens = [];
    private int _position;

    public static List<LexicalToken> Scan(string text) => new LexicalScanner(Folded(text)).Scan();

    private List<LexicalToken> Scan()
    {
        while (_position < text.Length)
        {
            var c = text[_position];
            if (char.IsWhiteSpace(c))
            {
                _position++;
            }
            else if (c is '"' or '`' or '“' or '«' or '„' or '「' || (c == '\'' && !IsWord(_position - 1)))
            {
                ReadQuotation(c);
            }
            else if (c == ':' && _position + 1 < text.Length && char.IsWhiteSpace(text[_position + 1]))
            {
                _tokens.Add(new LexicalToken(":", ":", false));
                AddVerbatim(text[(_position + 1)..].Trim());
                _position = text.Length;
            }
            else if (IsWord(_position))
            {
                ReadWord();
            }
            else
            {
                ReadSign();
            }
        }

        return _tokens;
    }

    private readonly bool IsWord(int at) => at >= 0 && at < text.Length && (char.IsLetterOrDigit(text[at]) || text[at] == '_' || char.GetUnicodeCategory(text[at]) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark);

    private void ReadQuotation(char open)
    {
        var close = open switch { '“' => "”\"", '«' => "»", '„' => "“”\"", '「' => "」", '"' => "\"”", _ => open.ToString() };
        var end = text.AsSpan(_position + 1).IndexOfAny(close);

        // An apostrophe ends no quotation within a word.
        while (end >= 0 && open == '\'' && IsWord(_position + 2 + end))
        {
            var next = text.AsSpan(_position + 2 + end).IndexOf('\'');
            end = next < 0 ? -1 : end + 1 + next;
        }

        if (end < 0)
        {
            ReadSign();
            return;
        }

        AddVerbatim(text.Substring(_position + 1, end));
        _position += end + 2;
    }

    private void AddVerbatim(string written)
    {
        if (written.Length > 0)
        {
            _tokens.Add(new LexicalToken($"\"{written}\"", written, false, IsVerbatim: true));
        }
    }

    private void ReadWord()
    {
        var start = _position;
        if (text[start] >= FirstWithoutSpaces)
        {
            ReadSign();
            return;
        }

        while (_position < text.Length && ((IsWord(_position) && text[_position] < FirstWithoutSpaces) || IsInner(_position)))
        {
            _position++;
        }

        var written = text[start.._position];
        _tokens.Add(new LexicalToken(Lowered(written), written, char.IsUpper(written[0])));
    }

    /// <summary>A sign between two parts of one word or number: "it's", "e-mail", "1.5", "10:30", "example.com".</summary>
    private readonly bool IsInner(int at) =>
        IsWord(at - 1) && IsWord(at + 1) && text[at + 1] < FirstWithoutSpaces && text[at] switch
        {
            '\'' => char.IsLetter(text[at - 1]) && char.IsLetter(text[at + 1]),
            '-' or '.' => true,
            ',' or ':' => char.IsDigit(text[at - 1]) && char.IsDigit(text[at + 1]),
            _ => false,
        };

    private readonly string Lowered(string written)
    {
        var lower = written.ToLowerInvariant();
        var keepsCase = written.Length == 1
            ? lower != "i" && (written != "A" || _tokens.Count > 0) && lower != written && (_position >= text.Length || text[_position] is not ('+' or '#'))
            : (char.IsUpper(written[0]) && LexicalWords.NamesByCase.Contains(lower) && !(_tokens.Count == 0 && LexicalWords.Auxiliaries.Contains(lower)))
                || (LexicalWords.AcronymsByCase.Contains(lower) && written.All(char.IsUpper))
                || written.Contains('_', StringComparison.Ordinal)
                || (written.Any(char.IsUpper) && (written.Any(char.IsDigit) || (_tokens.Count > 0 && char.IsDigit(_tokens[^1].Text[^1]))));
        return keepsCase ? written : lower;
    }

    private void ReadSign()
    {
        _ = Rune.DecodeFromUtf16(text.AsSpan(_position), out _, out var length);
        var sign = text.Substring(_position, length);
        _position += length;
        _tokens.Add(new LexicalToken(sign, sign, false));
    }

    /// <summary>
    /// What Unicode's NFKC makes equal and is common: full-width forms, spaces, ligatures, letters with an accent of their own. Written out because there is no
    /// normalization without ICU; superscripts and fractions stay what they are, since 10² is not 102.
    /// </summary>
    private static string Folded(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            _ = c switch
            {
                '\u2018' or '\u2019' or '\u02BC' or '\u2032' => result.Append('\''),
                '\u200B' or '\u2060' or '\uFEFF' or '\u00AD' or '¿' or '¡' => result,
                '\u2010' or '\u2011' or '\u2012' or '\u2013' or '\u2014' or '\u2212' => result.Append('-'),
                '\u2026' => result.Append("..."),
                '\uFB00' => result.Append("ff"),
                '\uFB01' => result.Append("fi"),
                '\uFB02' => result.Append("fl"),
                '。' => result.Append('.'),
                '、' => result.Append(','),
                >= '\uFF01' and <= '\uFF5E' => result.Append((char)(c - 0xFEE0)),
                >= '\u0300' and <= '\u0327' when result.Length > 0 && Composed(result[^1], c) is var composed and not '\0' => Replace(result, composed),
                _ => result.Append(c),
            };
        }

        return result.ToString();
    }

    private static StringBuilder Replace(StringBuilder result, char last)
    {
        result[^1] = last;
        return result;
    }

    private static char Composed(char letter, char mark)
    {
        var (letters, composed) = mark switch
        {
            '\u0300' => ("aeiouAEIOU", "àèìòùÀÈÌÒÙ"),
            '\u0301' => ("aeiouyAEIOUY", "áéíóúýÁÉÍÓÚÝ"),
            '\u0302' => ("aeiouAEIOU", "âêîôûÂÊÎÔÛ"),
            '\u0303' => ("anoANO", "ãñõÃÑÕ"),
            '\u0308' => ("aeiouyAEIOU", "äëïöüÿÄËÏÖÜ"),
            '\u030A' => ("aA", "åÅ"),
            '\u030C' => ("cszCSZ", "čšžČŠŽ"),
            '\u0327' => ("cC", "çÇ"),
            _ => ("", ""),
        };
        return letters.IndexOf(letter, StringComparison.Ordinal) is var at && at >= 0 ? composed[at] : '\0';
    }
}
