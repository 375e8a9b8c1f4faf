using System.Runtime.InteropServices;
using Gatehouse.Routing.Traits;

namespace Gatehouse.Runs;

/// <summary>Hashes of the lines of a model's text, so that it can be told whether it says what was said before.</summary>
internal static class AnswerLines
{
    /// <summary>Of one answer; a longer one has several lines to each hash, and is found again only as a whole.</summary>
    public const int Most = 16;

    private const int MaxLength = 256 * 1024;

    /// <summary>Shorter lines, such as "Done.", are said to many things.</summary>
    private const int LeastLength = 12;

    public static ulong[] Of(string text)
    {
        if (text.Length > MaxLength)
        {
            return [];
        }

        var hashes = new List<ulong>();
        foreach (var range in text.AsSpan().SplitAny('\n', '.', '!', '?'))
        {
            var line = Normalize(text.AsSpan()[range]);
            if (line.Length >= LeastLength)
            {
                var hash = default(PrefixHash);
                var bytes = MemoryMarshal.AsBytes(line.AsSpan());
                hash.Add(bytes, bytes.Length);
                hashes.Add(hash.Value);
            }
        }

        return hashes.Count <= Most ? [.. hashes] : Group(hashes);
    }

    private static ulong[] Group(List<ulong> hashes)
    {
        var groups = new ulong[Most];
        for (var i = 0; i < groups.Length; i++)
        {
            var group = default(PrefixHash);
            for (var j = hashes.Count * i / Most; j < hashes.Count * (i + 1) / Most; j++)
            {
                group.Add(hashes[j]);
            }

            groups[i] = group.Value;
        }

        return groups;
    }

    /// <summary>Letters and digits in lower case, with one space for everything between them.</summary>
    private static string Normalize(ReadOnlySpan<char> line)
    {
        var text = new System.Text.StringBuilder(line.Length);
        foreach (var character in line)
        {
            if (char.IsLetterOrDigit(character) || char.IsSurrogate(character))
            {
                _ = text.Append(char.ToLowerInvariant(character));
            }
            else if (text.Length > 0 && text[^1] != ' ')
            {
                _ = text.Append(' ');
            }
        }

        return text.ToString().TrimEnd();
    }
}
