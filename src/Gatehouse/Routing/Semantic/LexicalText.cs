using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace Gatehouse.Routing.Semantic;

/// <summary>A text as the lexical index sees it: its words without case, accents and endings, and pieces of four characters of each.</summary>
internal static class LexicalText
{
    /// <summary>Of a longer text the beginning and the end count, each with half of this: an instruction stands before or behind what it is about.</summary>
    public const int MaxLength = 2000;

    private const int PieceLength = 4;

    /// <summary>A word that says little of a subject counts this much of another.</summary>
    private const double LittleWeight = 0.2;

    private const double PieceWeight = 0.3;

    /// <summary>From here on scripts are written without spaces: two neighbours are a word.</summary>
    private const char FirstWithoutSpaces = '\u2E80';

    private static readonly FrozenSet<string> LittleWords = FrozenSet.Create(
        StringComparer.Ordinal,
        ["a", "about", "all", "am", "an", "and", "any", "are", "as", "at", "be", "but", "by", "can", "could", "did", "do", "does", "for", "from", "get", "give", "had", "has", "have", "he", "help",
         "her", "here", "his", "how", "i", "if", "in", "into", "is", "it", "its", "let", "like", "long", "make", "many", "me", "more", "much", "my", "need", "no", "not", "now", "of", "on", "one", "or", "our",
         "out", "please", "she", "should", "so", "some", "than", "that", "the", "their", "them", "there", "they", "this", "to", "two", "three", "up", "us", "use", "want", "was", "way", "we", "what", "when", "where",
         "which", "who", "why", "will", "with", "would", "you", "your", "best", "good", "first", "last", "day", "time", "write", "find", "tell", "explain", "show", "see", "know", "next", "plan",
         "der", "die", "das", "ein", "eine", "und", "ist", "ich", "mir", "wie", "wo", "zu", "den", "dem", "mit", "fur", "von", "le", "la", "les", "un", "une", "et", "est", "je", "que", "qui", "de", "du", "des",
         "el", "los", "las", "una", "y", "es", "por", "para", "como", "en", "con", "mi"]);

    /// <summary>The features of a text, each as a name and a weight; a feature that occurs twice comes twice.</summary>
    public static List<(string Feature, double Weight)> Features(string text)
    {
        var features = new List<(string, double)>(64);
        var words = Words(text.Length <= MaxLength ? text : string.Concat(text.AsSpan(0, MaxLength / 2), " ", text.AsSpan(text.Length - (MaxLength / 2))));
        string? before = null;
        foreach (var (word, isLittle) in words)
        {
            features.Add((word, isLittle ? LittleWeight : 1));
            if (!isLittle)
            {
                AddPieces(features, word);
            }

            if (before is not null)
            {
                features.Add(($"{before} {word}", isLittle ? LittleWeight : PieceWeight));
            }

            before = isLittle ? null : word;
        }

        return features;
    }

    private static void AddPieces(List<(string, double)> features, string word)
    {
        if (word.Length < PieceLength)
        {
            return;
        }

        // The beginning of a word is marked, its end varies.
        var marked = "^" + word;
        for (var i = 0; i + PieceLength <= marked.Length; i++)
        {
            features.Add(($"{marked.AsSpan(i, PieceLength)}~", PieceWeight));
        }
    }

    private static List<(string Word, bool IsLittle)> Words(string text)
    {
        var words = new List<(string, bool)>();
        var word = new StringBuilder();
        foreach (var rune in Decomposed(text))
        {
            if (Rune.IsLetterOrDigit(rune) && rune.Value < FirstWithoutSpaces)
            {
                _ = word.Append(Rune.ToLowerInvariant(rune));
                continue;
            }

            if (Rune.GetUnicodeCategory(rune) == UnicodeCategory.NonSpacingMark || rune.Value is '\'' or '’')
            {
                continue;
            }

            End(words, word);
            if (Rune.IsLetterOrDigit(rune))
            {
                words.Add((rune.ToString(), false));
            }
        }

        End(words, word);
        return words;
    }

    private static void End(List<(string, bool)> words, StringBuilder word)
    {
        if (word.Length > 0)
        {
            var whole = word.ToString();
            words.Add((Stem(whole), LittleWords.Contains(whole)));
            _ = word.Clear();
        }
    }

    private static StringRuneEnumerator Decomposed(string text)
    {
        try
        {
            return text.Normalize(NormalizationForm.FormKD).EnumerateRunes();
        }
        catch (ArgumentException)
        {
            // Half a surrogate pair has no normal form.
            return text.EnumerateRunes();
        }
    }

    /// <summary>Takes off the endings that English words change most by. Pieces of words see to the rest, and to other languages.</summary>
    private static string Stem(string word)
    {
        var stem = word switch
        {
            _ when word.Length > 5 && word.EndsWith("ing", StringComparison.Ordinal) => word[..^3],
            _ when word.Length > 4 && word.EndsWith("ies", StringComparison.Ordinal) => word[..^3] + "y",
            _ when word.Length > 4 && word.EndsWith("ed", StringComparison.Ordinal) => word[..^2],
            _ when word.Length > 3 && word.EndsWith('s') && !word.EndsWith("ss", StringComparison.Ordinal) => word[..^1],
            _ => word,
        };
        return stem.Length > 4 && stem.EndsWith('e') ? stem[..^1] : stem;
    }
}
