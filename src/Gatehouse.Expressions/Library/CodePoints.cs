using System.Text;

namespace Gatehouse.Expressions.Library;

/// <summary>Strings as CEL sees them: by code point, where .NET has UTF-16 units.</summary>
internal static class CodePoints
{
    public static bool HasSurrogates(string text) => text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF');

    public static int Count(string text)
    {
        if (!HasSurrogates(text))
        {
            return text.Length;
        }

        var count = 0;
        foreach (var _ in text.EnumerateRunes())
        {
            count++;
        }

        return count;
    }

    /// <summary>Where the code point at an index starts, or -1 beyond the end; the index at the end is the length.</summary>
    public static int ToUnits(string text, long index)
    {
        if (index < 0 || index > text.Length)
        {
            return -1;
        }

        if (!HasSurrogates(text))
        {
            return (int)index;
        }

        var units = 0;
        for (; index > 0; index--)
        {
            if (units >= text.Length)
            {
                return -1;
            }

            units += units + 1 < text.Length && char.IsSurrogatePair(text, units) ? 2 : 1;
        }

        return units;
    }

    /// <summary>How many code points are before a unit; -1 stays -1.</summary>
    public static long FromUnits(string text, int units)
    {
        if (units <= 0 || !HasSurrogates(text))
        {
            return units;
        }

        return Count(text[..units]);
    }

    public static string[] Split(string text)
    {
        var parts = new List<string>(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            parts.Add(rune.ToString());
        }

        return [.. parts];
    }

    public static string Reverse(string text)
    {
        var reversed = new StringBuilder(text.Length);
        var parts = Split(text);
        for (var i = parts.Length - 1; i >= 0; i--)
        {
            reversed.Append(parts[i]);
        }

        return reversed.ToString();
    }
}
