using System.Text;

namespace Gatehouse.Caching.Semantic;

/// <summary>
/// What is left of a text when everything is gone that changes how it is said and not what is asked: greetings and politeness, case, contractions, a
/// few articles, spellings and misspellings, and the stop at its end. What is left must be equal, in its order, for two texts to be near
/// duplicates: every number, sign, name, negation, comparison and quotation. See docs/caching-semantic.md for how often that is right.
/// </summary>
internal sealed class LexicalForm
{
    /// <summary>Longest text that has a form, in UTF-16 code units.</summary>
    public const int MaxLength = 1000;

    /// <summary>A word may be written wrongly from this length on: shorter ones are too often another word.</summary>
    private const int MinTypoLength = 8;

    /// <summary>One word in so many may be written wrongly.</summary>
    private const int WordsPerTypo = 4;

    private readonly string[] _words;
    private readonly bool[] _isName;

    private LexicalForm(List<LexicalToken> tokens)
    {
        _words = [.. tokens.Select(token => token.Text)];
        _isName = [.. tokens.Select(token => token.IsName || token.IsVerbatim)];
        var key = new StringBuilder();
        foreach (var word in _words)
        {
            _ = key.Append(IsLong(word) ? Letters(word) : word).Append('\n');
        }

        Key = key.ToString();
    }

    /// <summary>Equal for all forms that can be near duplicates: in it a long word is its first and last letter and those that it is made of.</summary>
    public string Key { get; }

    /// <summary>The form in one line, for people.</summary>
    public override string ToString() => string.Join(' ', _words);

    /// <returns>Null for a text that is too long, empty, or of which nothing is left.</returns>
    public static LexicalForm? Of(string text)
    {
        if (text.Length > MaxLength)
        {
            return null;
        }

        var tokens = LexicalNormalizer.Normalize(text);
        return tokens.Count == 0 ? null : new LexicalForm(tokens);
    }

    /// <returns>1 for equal forms, less for each word that is written wrongly in one of them, 0 for forms that are no near duplicates.</returns>
    public double SimilarityTo(LexicalForm other)
    {
        if (other._words.Length != _words.Length)
        {
            return 0;
        }

        var typos = 0;
        for (var i = 0; i < _words.Length; i++)
        {
            if (_words[i] == other._words[i])
            {
                continue;
            }

            typos++;
            if (_isName[i] || other._isName[i] || typos * WordsPerTypo > _words.Length || !IsTypo(_words[i], other._words[i]))
            {
                return 0;
            }
        }

        return 1 - ((double)typos / _words.Length);
    }

    private static bool IsLong(string word) => word.Length >= MinTypoLength && word.All(char.IsAsciiLetterLower);

    private static string Letters(string word)
    {
        Span<bool> has = stackalloc bool[26];
        foreach (var c in word)
        {
            has[c - 'a'] = true;
        }

        var letters = new StringBuilder().Append(word[0]).Append('~');
        for (var i = 0; i < has.Length; i++)
        {
            _ = has[i] ? letters.Append((char)('a' + i)) : letters;
        }

        return letters.Append('~').Append(word[^1]).ToString();
    }

    /// <summary>
    /// Two neighbours changed places, or a letter that is doubled in one of both. Any other slip of one letter makes words of
    /// words: sulphite of sulphate, methanol of ethanol, ordnance of ordinance.
    /// </summary>
    private static bool IsTypo(string a, string b)
    {
        if (!IsLong(a) || !IsLong(b) || a[0] != b[0] || a[^1] != b[^1])
        {
            return false;
        }

        if (a.Length > b.Length)
        {
            (a, b) = (b, a);
        }

        var at = a.AsSpan().CommonPrefixLength(b);
        return (b.Length - a.Length) switch
        {
            0 => at + 1 < a.Length && a[at] == b[at + 1] && a[at + 1] == b[at] && a.AsSpan(at + 2).SequenceEqual(b.AsSpan(at + 2)),
            1 => at > 0 && b[at] == b[at - 1] && a.AsSpan(at).SequenceEqual(b.AsSpan(at + 1)),
            _ => false,
        };
    }
}
