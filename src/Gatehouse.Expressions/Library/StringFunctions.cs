using System.Text;
using Gatehouse.Expressions.Checking;
using Gatehouse.Expressions.Compilation;
using static Gatehouse.Expressions.CelType;
using static Gatehouse.Expressions.Library.Signatures;

namespace Gatehouse.Expressions.Library;

/// <summary>The string functions of the language and of the strings extension. Indexes count code points.</summary>
internal static class StringFunctions
{
    /// <summary>White space as Unicode's property has it; U+0085 and the line separators too, U+180E, U+200B and U+FEFF not.</summary>
    private const string Blanks =
        "\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000";

    public static IEnumerable<Overload> All =>
    [
        Member("startsWith", Bool, CelType.String, CelType.String, (Frame _, in CelValue a, in CelValue b) =>
            CelValue.From(a.Text.StartsWith(b.Text, StringComparison.Ordinal))),
        Member("endsWith", Bool, CelType.String, CelType.String, (Frame _, in CelValue a, in CelValue b) =>
            CelValue.From(a.Text.EndsWith(b.Text, StringComparison.Ordinal))),
        Member("contains", Bool, CelType.String, CelType.String, (Frame frame, in CelValue a, in CelValue b) =>
            frame.SpendText(a.Text.Length) ? CelValue.From(a.Text.Contains(b.Text, StringComparison.Ordinal)) : default),
        Function("matches", Bool, CelType.String, CelType.String, Pattern.Match),
        Member("matches", Bool, CelType.String, CelType.String, Pattern.Match),
        Member("charAt", CelType.String, CelType.String, Int, CharAt),
        Member("indexOf", Int, CelType.String, CelType.String, (Frame frame, in CelValue a, in CelValue b) => IndexOf(frame, a, b, CelValue.From(0L))),
        Member("indexOf", Int, CelType.String, CelType.String, Int, IndexOf),
        Member("lastIndexOf", Int, CelType.String, CelType.String, (Frame frame, in CelValue a, in CelValue b) =>
            LastIndexOf(frame, a, b, CelValue.From((long)CodePoints.Count(a.Text)))),
        Member("lastIndexOf", Int, CelType.String, CelType.String, Int, LastIndexOf),
        Member("lowerAscii", CelType.String, CelType.String, (Frame frame, in CelValue a) => Map(frame, a.Text, char.IsAsciiLetterUpper, ' ')),
        Member("upperAscii", CelType.String, CelType.String, (Frame frame, in CelValue a) => Map(frame, a.Text, char.IsAsciiLetterLower, ' ')),
        Member("trim", CelType.String, CelType.String, (Frame frame, in CelValue a) =>
            frame.SpendText(a.Text.Length) ? CelValue.From(a.Text.Trim(Blanks.ToCharArray())) : default),
        Member("reverse", CelType.String, CelType.String, (Frame frame, in CelValue a) =>
            frame.Spend(a.Text.Length) ? CelValue.From(CodePoints.Reverse(a.Text)) : default),
        Member("substring", CelType.String, CelType.String, Int, (Frame frame, in CelValue a, in CelValue b) =>
            Substring(frame, a, b, CelValue.From((long)CodePoints.Count(a.Text)))),
        Member("substring", CelType.String, CelType.String, Int, Int, Substring),
        Member("replace", CelType.String, CelType.String, CelType.String, CelType.String, (Frame frame, in CelValue a, in CelValue b, in CelValue c) =>
            Replace(frame, a, b, c, CelValue.From(-1L))),
        Member("replace", CelType.String, CelType.String, CelType.String, CelType.String, Int, Replace),
        Member("split", ListOf(CelType.String), CelType.String, CelType.String, (Frame frame, in CelValue a, in CelValue b) =>
            Split(frame, a, b, CelValue.From(-1L))),
        Member("split", ListOf(CelType.String), CelType.String, CelType.String, Int, Split),
        Member("join", CelType.String, ListOf(CelType.String), (Frame frame, in CelValue a) => Join(frame, a, CelValue.From(""))),
        Member("join", CelType.String, ListOf(CelType.String), CelType.String, Join),
        Function("strings.quote", CelType.String, CelType.String, Quote),
        Member("format", CelType.String, CelType.String, ListOf(Dyn), Formatting.Format),
    ];

    private static CelValue CharAt(Frame frame, in CelValue text, in CelValue index)
    {
        var start = CodePoints.ToUnits(text.Text, index.Bits);
        if (start < 0)
        {
            return OutOfRange(frame, index);
        }

        return CelValue.From(start == text.Text.Length ? "" : CodePoints.Split(text.Text[start..Math.Min(start + 2, text.Text.Length)])[0]);
    }

    private static CelValue IndexOf(Frame frame, in CelValue text, in CelValue part, in CelValue from)
    {
        var start = CodePoints.ToUnits(text.Text, from.Bits);
        if (start < 0)
        {
            return OutOfRange(frame, from);
        }

        return frame.SpendText(text.Text.Length)
            ? CelValue.From(CodePoints.FromUnits(text.Text, text.Text.IndexOf(part.Text, start, StringComparison.Ordinal)))
            : default;
    }

    private static CelValue LastIndexOf(Frame frame, in CelValue text, in CelValue part, in CelValue from)
    {
        var start = CodePoints.ToUnits(text.Text, from.Bits);
        if (start < 0)
        {
            return OutOfRange(frame, from);
        }

        // The last occurrence that starts at or before the index.
        var end = (int)Math.Min(text.Text.Length, (long)start + part.Text.Length);
        return frame.SpendText(text.Text.Length)
            ? CelValue.From(CodePoints.FromUnits(text.Text, text.Text.AsSpan(0, end).LastIndexOf(part.Text, StringComparison.Ordinal)))
            : default;
    }

    private static CelValue Map(Frame frame, string text, Func<char, bool> isOther, int bit) => frame.SpendText(text.Length)
        ? CelValue.From(string.Create(text.Length, (text, isOther, bit), static (target, source) =>
        {
            for (var i = 0; i < target.Length; i++)
            {
                target[i] = source.isOther(source.text[i]) ? (char)(source.text[i] ^ source.bit) : source.text[i];
            }
        }))
        : default;

    private static CelValue Substring(Frame frame, in CelValue text, in CelValue from, in CelValue to)
    {
        var start = CodePoints.ToUnits(text.Text, from.Bits);
        if (start < 0)
        {
            return OutOfRange(frame, from);
        }

        var end = CodePoints.ToUnits(text.Text, to.Bits);
        if (end < 0)
        {
            return OutOfRange(frame, to);
        }

        if (end < start)
        {
            return frame.Fail($"invalid substring range: from {from} to {to}");
        }

        return frame.SpendText(text.Text.Length) ? CelValue.From(text.Text[start..end]) : default;
    }

    private static CelValue Replace(Frame frame, in CelValue text, in CelValue old, in CelValue fresh, in CelValue limit)
    {
        var pieces = Cut(text.Text, old.Text, limit.Bits < 0 ? long.MaxValue : limit.Bits);
        var length = text.Text.Length + ((long)pieces.Count * fresh.Text.Length);
        return frame.Spend(pieces.Count) && frame.SpendText(length) ? CelValue.From(string.Join(fresh.Text, pieces)) : default;
    }

    private static CelValue Split(Frame frame, in CelValue text, in CelValue separator, in CelValue limit)
    {
        if (limit.Bits == 0)
        {
            return CelValue.From(CelList.Empty);
        }

        if (!frame.Spend(text.Text.Length))
        {
            return default;
        }

        var pieces = separator.Text.Length == 0
            ? Characters(text.Text, limit.Bits)
            : Cut(text.Text, separator.Text, limit.Bits < 0 ? long.MaxValue : limit.Bits - 1);
        return CelValue.From(CelList.Of(pieces));
    }

    /// <summary>An empty separator parts every code point from the next.</summary>
    private static List<string> Characters(string text, long limit)
    {
        List<string> characters = [.. CodePoints.Split(text)];
        if (limit > 0 && limit < characters.Count)
        {
            var last = string.Concat(characters.Skip((int)limit - 1));
            characters.RemoveRange((int)limit - 1, characters.Count - (int)limit + 1);
            characters.Add(last);
        }

        return characters;
    }

    /// <summary>Cuts at the first occurrences; an empty separator stands before every code point and at the end.</summary>
    private static List<string> Cut(string text, string separator, long cuts)
    {
        List<string> pieces = [];
        if (separator.Length == 0)
        {
            List<string> characters = ["", .. CodePoints.Split(text), ""];
            var count = (int)Math.Min(cuts, characters.Count - 1);
            return [.. characters.Take(count), string.Concat(characters.Skip(count))];
        }

        var start = 0;
        for (var at = text.IndexOf(separator, StringComparison.Ordinal); at >= 0 && cuts > 0; cuts--)
        {
            pieces.Add(text[start..at]);
            start = at + separator.Length;
            at = text.IndexOf(separator, start, StringComparison.Ordinal);
        }

        pieces.Add(text[start..]);
        return pieces;
    }

    private static CelValue Join(Frame frame, in CelValue list, in CelValue separator)
    {
        var joined = new StringBuilder();
        for (var i = 0; i < list.List.Count; i++)
        {
            var item = list.List[i];
            if (item.Kind != CelKind.String)
            {
                return frame.Fail($"no such overload: join() of a list with {TypeNames.Of(item)}");
            }

            if (!frame.SpendText((long)item.Text.Length + separator.Text.Length))
            {
                return default;
            }

            joined.Append(i > 0 ? separator.Text : "").Append(item.Text);
        }

        return CelValue.From(joined.ToString());
    }

    private static CelValue Quote(Frame frame, in CelValue text)
    {
        if (!frame.SpendText(text.Text.Length))
        {
            return default;
        }

        var quoted = new StringBuilder("\"");
        foreach (var rune in text.Text.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '\a' => quoted.Append("\\a"),
                '\b' => quoted.Append("\\b"),
                '\f' => quoted.Append("\\f"),
                '\n' => quoted.Append("\\n"),
                '\r' => quoted.Append("\\r"),
                '\t' => quoted.Append("\\t"),
                '\v' => quoted.Append("\\v"),
                '\\' => quoted.Append("\\\\"),
                '"' => quoted.Append("\\\""),
                _ => quoted.Append(rune.ToString()),
            };
        }

        return CelValue.From(quoted.Append('"').ToString());
    }

    private static CelValue OutOfRange(Frame frame, in CelValue index) => frame.Fail($"index out of range: {index}");
}
