using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;
using Gatehouse.Expressions.Compilation;

namespace Gatehouse.Expressions.Library;

/// <summary>
/// A regular expression with the syntax and promise of RE2, which the language definition names: time linear in the text. .NET's
/// NonBacktracking engine keeps the promise; <see cref="Re2Syntax"/> carries over the syntax.
/// </summary>
internal sealed class Pattern
{
    private const int MaxCached = 256;
    private const int MaxCachedLength = 1024;

    private static readonly ConcurrentDictionary<string, Pattern> Computed = new(StringComparer.Ordinal);

    private readonly Regex _regex;
    private readonly long _size;

    private Pattern(Regex regex, long size)
    {
        _regex = regex;
        _size = size;
    }

    public static bool TryCreate(string source, int maxLength, [NotNullWhen(true)] out Pattern? pattern, out string message)
    {
        pattern = null;
        message = "";
        if (source.Length > maxLength)
        {
            message = $"the regular expression has more than {maxLength} characters";
            return false;
        }

        if (!Re2Syntax.TryTranslate(source, out var translated, out var size, out message))
        {
            return false;
        }

        try
        {
            pattern = new Pattern(new Regex(translated, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant), size);
            return true;
        }
        catch (Exception error) when (error is RegexParseException or NotSupportedException or ArgumentException)
        {
            message = $"the regular expression cannot be used: {error.Message}";
            return false;
        }
    }

    /// <summary>Whether a text matches. A step of the automaton takes at worst as long as the pattern is.</summary>
    public bool IsMatch(Frame frame, string text) => frame.Spend(text.Length * (_size + 16) / 256) && _regex.IsMatch(text);

    /// <summary><c>matches</c> with a pattern that is computed.</summary>
    public static CelValue Match(Frame frame, in CelValue text, in CelValue source)
    {
        if (!Computed.TryGetValue(source.Text, out var pattern))
        {
            // To build an automaton takes far more than to run it.
            if (!frame.Spend(1000 + source.Text.Length))
            {
                return default;
            }

            if (!TryCreate(source.Text, MaxCachedLength, out pattern, out var message))
            {
                return frame.Fail(message);
            }

            if (Computed.Count < MaxCached)
            {
                Computed.TryAdd(source.Text, pattern);
            }
        }

        return CelValue.From(pattern.IsMatch(frame, text.Text));
    }
}
