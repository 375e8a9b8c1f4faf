using System.Globalization;
using System.Text;

namespace Gatehouse.Protocols.Tokens;

/// <summary>
/// Cuts a text into the pieces of tiktoken's patterns, without their regular expressions: each character is looked at twice at most, whatever the
/// text is. The pattern of o200k_base, whose alternatives are tried in this order:
/// <code>
/// [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+('s|'t|'re|'ve|'m|'ll|'d)?
/// [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*('s|'t|'re|'ve|'m|'ll|'d)?
/// \p{N}{1,3}
///  ?[^\s\p{L}\p{N}]+[\r\n/]*
/// \s*[\r\n]+
/// \s+(?!\S)
/// \s+
/// </code>
/// In cl100k_base the ending of a word ('s) is a piece of its own and tried first, words are <c>[^\r\n\p{L}\p{N}]?\p{L}+</c>, and <c>/</c> does not
/// follow a line. White space is Unicode's, as for tiktoken itself.
/// </summary>
internal ref struct BytePairPieces(ReadOnlySpan<byte> text, BytePairSplit split)
{
    private static readonly Kind[] AsciiKinds = [.. Enumerable.Range(0, 128).Select(c => KindOf(new Rune(c)))];

    private readonly ReadOnlySpan<byte> _text = text;
    private int _position;

    private enum Kind
    {
        /// <summary>Behind the end of the text, too.</summary>
        None,
        Upper,
        Lower,

        /// <summary>A letter of a script without cases; for o200k both an upper and a lower one.</summary>
        Caseless,

        /// <summary>For o200k as a letter without case, and yet none for what may stand before a word.</summary>
        Mark,
        Number,
        NewLine,
        Space,
        Other,
    }

    /// <summary>The next piece; empty at the end.</summary>
    public ReadOnlySpan<byte> Next()
    {
        var start = _position;
        if (start < _text.Length)
        {
            _position = split == BytePairSplit.O200k ? EndOfO200k(start) : EndOfCl100k(start);
        }

        return _text[start.._position];
    }

    private readonly int EndOfO200k(int start)
    {
        var first = At(start, out var afterFirst);
        var end = first switch
        {
            Kind.Upper or Kind.Lower or Kind.Caseless => EndOfCasedWord(start, needsLower: false),

            // Before the word, else the word itself: of the first alternative only, which takes a mark for a lower letter.
            Kind.Mark => EndOfCasedWord(afterFirst, needsLower: true) is > 0 and var word ? word : afterFirst,
            Kind.Space or Kind.Other => EndOfCasedWord(afterFirst, needsLower: false),
            _ => 0,
        };
        return end > 0 ? end + EndingAt(end) : EndOfOthers(start, first, afterFirst);
    }

    private readonly int EndOfCl100k(int start)
    {
        if (EndingAt(start) is > 0 and var ending)
        {
            return start + ending;
        }

        var first = At(start, out var afterFirst);
        var word = first is Kind.Upper or Kind.Lower or Kind.Caseless ? start : first is Kind.Number or Kind.NewLine ? -1 : afterFirst;
        var end = word;
        while (end >= 0 && At(end, out var next) is Kind.Upper or Kind.Lower or Kind.Caseless)
        {
            end = next;
        }

        return end > word ? end : EndOfOthers(start, first, afterFirst);
    }

    /// <summary>
    /// Upper letters and then lower ones, where those without case are both: up to the last that can be a lower one, or all upper ones where none
    /// can. 0 when there is no word here.
    /// </summary>
    private readonly int EndOfCasedWord(int start, bool needsLower)
    {
        var (end, lastLower) = (start, 0);
        while (true)
        {
            var kind = At(end, out var next);
            if (kind is Kind.Caseless or Kind.Mark)
            {
                lastLower = next;
            }
            else if (kind != Kind.Upper)
            {
                break;
            }

            end = next;
        }

        if (At(end, out _) == Kind.Lower)
        {
            while (At(end, out var next) is Kind.Lower or Kind.Caseless or Kind.Mark)
            {
                end = next;
            }

            return end;
        }

        return lastLower > 0 ? lastLower : end > start && !needsLower ? end : 0;
    }

    /// <summary>The length of an <c>'s</c> and the like.</summary>
    private readonly int EndingAt(int start)
    {
        var rest = _text[start..];
        if (rest is not [(byte)'\'', var first, ..])
        {
            return 0;
        }

        var second = rest.Length > 2 ? rest[2] | 0x20 : 0;
        return (first | 0x20, second) switch
        {
            ('r' or 'v', 'e') or ('l', 'l') => 3,
            ('s' or 't' or 'm' or 'd', _) => 2,
            _ => 0,
        };
    }

    /// <summary>Numbers, punctuation and white space.</summary>
    private readonly int EndOfOthers(int start, Kind first, int afterFirst)
    {
        if (first == Kind.Number)
        {
            var digits = afterFirst;
            for (var i = 1; i < 3 && At(digits, out var next) == Kind.Number; i++)
            {
                digits = next;
            }

            return digits;
        }

        var end = _text[start] == ' ' ? afterFirst : start;
        if (At(end, out _) is Kind.Other or Kind.Mark)
        {
            while (At(end, out var next) is Kind.Other or Kind.Mark)
            {
                end = next;
            }

            while (end < _text.Length && (_text[end] is (byte)'\r' or (byte)'\n' || (_text[end] == '/' && split == BytePairSplit.O200k)))
            {
                end++;
            }

            return end;
        }

        var (lastLine, lastSpace) = (0, start);
        end = start;
        while (At(end, out var next) is (Kind.Space or Kind.NewLine) and var kind)
        {
            lastLine = kind == Kind.NewLine ? next : lastLine;
            (lastSpace, end) = (end, next);
        }

        // The last blank before a word belongs to that.
        return lastLine > 0 ? lastLine : end == _text.Length || lastSpace == start ? end : lastSpace;
    }

    private readonly Kind At(int position, out int next)
    {
        if (position >= _text.Length)
        {
            next = position;
            return Kind.None;
        }

        if (_text[position] < 0x80)
        {
            next = position + 1;
            return AsciiKinds[_text[position]];
        }

        // What is not UTF-8 counts as U+FFFD, byte by byte as it is.
        _ = Rune.DecodeFromUtf8(_text[position..], out var rune, out var length);
        next = position + length;
        return KindOf(rune);
    }

    private static Kind KindOf(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        _ when rune.Value is '\r' or '\n' => Kind.NewLine,
        _ when Rune.IsWhiteSpace(rune) => Kind.Space,
        UnicodeCategory.UppercaseLetter or UnicodeCategory.TitlecaseLetter => Kind.Upper,
        UnicodeCategory.LowercaseLetter => Kind.Lower,
        UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => Kind.Caseless,
        UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark => Kind.Mark,
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => Kind.Number,
        _ => Kind.Other,
    };
}
