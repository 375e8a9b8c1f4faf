namespace Gatehouse.Identity;

/// <summary>Patterns in which <c>*</c> stands for any text. Matching takes time linear in pattern times text, never more.</summary>
internal static class Glob
{
    public static bool Matches(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text)
    {
        int p = 0, t = 0, star = -1, retry = 0;
        while (t < text.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                star = p++;
                retry = t;
            }
            else if (p < pattern.Length && pattern[p] == text[t])
            {
                p++;
                t++;
            }
            else if (star >= 0)
            {
                p = star + 1;
                t = ++retry;
            }
            else
            {
                return false;
            }
        }

        return pattern[p..].TrimStart('*').IsEmpty;
    }

    /// <summary>Matches <c>provider/model</c>: the part before the first slash against the provider, the rest against the model.</summary>
    public static bool MatchesPair(ReadOnlySpan<char> pattern, ReadOnlySpan<char> provider, ReadOnlySpan<char> model)
    {
        var slash = pattern.IndexOf('/');
        return Matches(pattern[..slash], provider) && Matches(pattern[(slash + 1)..], model);
    }
}
