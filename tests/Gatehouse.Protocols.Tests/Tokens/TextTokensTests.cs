using System.Text;
using Gatehouse.Protocols.Tokens;

namespace Gatehouse.Protocols.Tests.Tokens;

public sealed class TextTokensTests
{
    [Theory]
    [InlineData("", 0)]
    [InlineData(" \t", 0)]
    [InlineData("hello", 75 + (5 * 5))]
    [InlineData("hello world", 2 * (75 + (5 * 5)))]
    [InlineData("getHTTPName", 75 + 75 + 75 - 75 + (11 * 5))]
    [InlineData("2026-11", (6 * 80) + 105)]
    [InlineData("{\"}\n", 105 + 50)]
    [InlineData("é", 40)]
    [InlineData("中文", 140)]
    [InlineData("😀", 240)]
    public void Each_kind_of_character_has_its_weight(string text, long weight)
    {
        Assert.Equal(weight, TextTokens.WeightOf(Encoding.UTF8.GetBytes(text)));
        Assert.Equal(weight, TextTokens.WeightOf(text));
    }

    [Fact]
    public void It_makes_no_difference_how_a_text_is_cut()
    {
        var random = new Random(20261121);
        const string Alphabet = "abcXYZ 019.,{}\"\n\tüЖ中😀";
        for (var i = 0; i < 2000; i++)
        {
            var text = new StringBuilder();
            for (var length = random.Next(200); length > 0; length--)
            {
                // Words of no more than 32 letters: longer ones weigh by blocks.
                _ = text.Append(Alphabet[random.Next(Alphabet.Length - 2)]).Append(random.Next(8) == 0 ? " 😀" : "");
            }

            var bytes = Encoding.UTF8.GetBytes(text.ToString());
            var pieces = default(TextTokens);
            for (var start = 0; start < bytes.Length;)
            {
                var end = Math.Min(bytes.Length, start + random.Next(50));
                pieces.Add(bytes.AsSpan(start..end));
                start = end;
            }

            Assert.Equal(TextTokens.WeightOf(bytes), pieces.Weight);
            Assert.Equal(TextTokens.WeightOf(text.ToString()), pieces.Weight);
        }
    }

    [Fact]
    public void Letters_without_end_are_not_one_word()
    {
        var weight = TextTokens.WeightOf(Encoding.ASCII.GetBytes(new string('q', 100_000)));
        Assert.InRange(weight / TextTokens.PerToken, 20_000, 60_000);
    }

    [Fact]
    public void Half_a_surrogate_pair_is_a_character()
    {
        Assert.Equal(70, TextTokens.WeightOf("\ud83d"));
        Assert.Equal(75 + 5 + 70, TextTokens.WeightOf("a\udc00"));
    }
}
