using System.Text.RegularExpressions;
using Gatehouse.Identity;

namespace Gatehouse.Tests;

public sealed class GlobTests
{
    [Theory]
    [InlineData("*", "", true)]
    [InlineData("*", "anything/at all", true)]
    [InlineData("", "", true)]
    [InlineData("", "x", false)]
    [InlineData("gpt-5", "gpt-5", true)]
    [InlineData("gpt-5", "gpt-5-mini", false)]
    [InlineData("gpt-5", "GPT-5", false)]
    [InlineData("gpt-*", "gpt-5-mini", true)]
    [InlineData("gpt-*", "gpt-", true)]
    [InlineData("gpt-*", "my-gpt-5", false)]
    [InlineData("*-mini", "gpt-5-mini", true)]
    [InlineData("*-mini", "gpt-5-minimal", false)]
    [InlineData("a*b*c", "a-b-b-c", true)]
    [InlineData("a*b*c", "a-c-b", false)]
    [InlineData("**", "x", true)]
    // Nothing but the star is special.
    [InlineData("g?t", "gpt", false)]
    [InlineData("g.t", "gpt", false)]
    [InlineData("[a]", "a", false)]
    [InlineData("[a]*", "[a]b", true)]
    public void A_star_stands_for_any_text(string pattern, string text, bool matches) => Assert.Equal(matches, Glob.Matches(pattern, text));

    [Fact]
    public void All_short_patterns_match_what_a_regular_expression_matches()
    {
        var texts = Words("ab", 6).ToArray();
        foreach (var pattern in Words("ab*", 5))
        {
            var oracle = new Regex($"\\A{Regex.Escape(pattern).Replace("\\*", ".*", StringComparison.Ordinal)}\\z", RegexOptions.NonBacktracking);
            foreach (var text in texts)
            {
                Assert.True(oracle.IsMatch(text) == Glob.Matches(pattern, text), $"'{pattern}' on '{text}'");
            }
        }
    }

    [Fact]
    public void A_pattern_made_to_take_for_ever_does_not()
    {
        // By trying all ways to share the text out among the stars this would not end.
        var pattern = string.Concat(Enumerable.Repeat("*a", 50)) + "*b";
        Assert.False(Glob.Matches(pattern, new string('a', 10_000)));
    }

    [Theory]
    [InlineData("openai/gpt-5", "openai", "gpt-5", true)]
    [InlineData("openai/*", "openai", "gpt-5", true)]
    [InlineData("*/gpt-5", "azure", "gpt-5", true)]
    [InlineData("*/*", "azure", "gpt-5", true)]
    [InlineData("openai/gpt-5", "azure", "gpt-5", false)]
    // A star before the slash must not reach over it.
    [InlineData("open*/gpt", "openai", "x/gpt", false)]
    // Models of some providers have slashes themselves.
    [InlineData("together/meta-llama/*", "together", "meta-llama/Llama-3", true)]
    [InlineData("together/*", "together", "meta-llama/Llama-3", true)]
    [InlineData("/x", "", "x", true)]
    public void The_first_slash_parts_the_provider_from_the_model(string pattern, string provider, string model, bool matches) =>
        Assert.Equal(matches, Glob.MatchesPair(pattern, provider, model));

    private static IEnumerable<string> Words(string alphabet, int maxLength) => maxLength == 0
        ? [""]
        : Words(alphabet, maxLength - 1).SelectMany(word => word.Length == maxLength - 1 ? alphabet.Select(c => word + c).Prepend(word) : [word]);
}
