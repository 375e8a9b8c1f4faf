using System.Text;
using System.Text.Json;
using Gatehouse.Protocols.Tokens;

namespace Gatehouse.Protocols.Tests.Tokens;

/// <summary>
/// With a small vocabulary of the test's own. That the counts are OpenAI's is tested with the real ones by tests/clients/tokens.test.js, where
/// they can be had.
/// </summary>
public sealed class BytePairTokenizerTests
{
    private static readonly string[] Merges = ["ab", "bc", "abc", "aa", "aaaa", "cd", "abcd", " a", "ba", "bab", "\n\n", "  "];

    private static readonly BytePairTokenizer Tokenizer = Read(Lines());

    [Theory]
    [InlineData("Hello world", "Hello| world", "Hello| world")]
    [InlineData("I'm you'LL it's", "I'm| you'LL| it's", "I|'m| you|'LL| it|'s")]
    [InlineData("'s", "'s", "'s")]
    [InlineData("getHTTPName", "get|HTTPName", "getHTTPName")]
    [InlineData("HTTP", "HTTP", "HTTP")]
    [InlineData("12345", "123|45", "123|45")]
    [InlineData("a  b", "a| | b", "a| | b")]
    [InlineData("a  ", "a|  ", "a|  ")]
    [InlineData("a \n\n  b", "a| \n\n| | b", "a| \n\n| | b")]
    [InlineData("x = y;\n/z", "x| =| y|;\n/|z", "x| =| y|;\n|/z")]
    [InlineData("\tif (!ok)", "\tif| (!|ok|)", "\tif| (!|ok|)")]
    [InlineData("中文字ABC", "中文字|ABC", "中文字ABC")]
    [InlineData("e\u0301A", "e\u0301|A", "e|\u0301A")]
    [InlineData("\u0301A", "\u0301|A", "\u0301A")]
    [InlineData("👍🏽!", "👍🏽!", "👍🏽!")]
    public void Text_is_cut_as_by_the_patterns(string text, string o200k, string cl100k)
    {
        Assert.Equal(o200k, Pieces(text, BytePairSplit.O200k));
        Assert.Equal(cl100k, Pieces(text, BytePairSplit.Cl100k));
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("abcd", 1)]
    [InlineData("abcb", 2)]
    [InlineData("aaaaaaa", 3)]
    [InlineData("bab", 1)]
    [InlineData("é", 2)]
    public void Pairs_become_one_by_rank(string text, int tokens) => Assert.Equal(tokens, Count(text));

    [Fact]
    public void The_JSON_of_js_tiktoken_is_read_too()
    {
        var words = string.Join(' ', Lines().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')[0]));
        var half = words.Split(' ').Length / 2;
        var json = JsonSerializer.Serialize(new
        {
            bpe_ranks = $"! 0 {string.Join(' ', words.Split(' ')[..half])}\n! {half} {string.Join(' ', words.Split(' ')[half..])}",
        });
        var tokenizer = Read(json);
        Assert.Equal(Tokenizer.VocabularySize, tokenizer.VocabularySize);
        Assert.Equal(Count("abcd aaaaaaa  \n\n bab"), tokenizer.Count("abcd aaaaaaa  \n\n bab"u8));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n\n")]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("[1]")]
    [InlineData("{\"bpe_ranks\":5}")]
    [InlineData("{\"bpe_ranks\":\"! x QQ==\"}")]
    [InlineData("{\"bpe_ranks\":\"\\ud800\"}")]
    [InlineData("QQ==")]
    [InlineData("QQ== x")]
    [InlineData("QQ== -1")]
    [InlineData("QQ== 2000000000")]
    [InlineData("*** 1")]
    [InlineData("version https://git-lfs.github.com/spec/v1")]
    public void What_is_no_vocabulary_is_refused(string file) => Assert.Throws<InvalidDataException>(() => Read(file));

    /// <summary>Short pieces are merged by looking through all pairs, long ones by a heap: both as the plainest of ways does.</summary>
    [Fact]
    public void All_ways_of_merging_come_to_the_same()
    {
        var ranks = Lines().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' '))
            .ToDictionary(line => Encoding.Latin1.GetString(Convert.FromBase64String(line[0])), line => int.Parse(line[1], null), StringComparer.Ordinal);
        var random = new Random(20261121);
        for (var i = 0; i < 500; i++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(1, 300)).Select(_ => "aaabbcd"[random.Next(7)]));
            var parts = text.Select(letter => letter.ToString()).ToList();
            while (Enumerable.Range(0, parts.Count - 1).Where(at => ranks.ContainsKey(parts[at] + parts[at + 1])).Select(at => (int?)at)
                .MinBy(at => ranks[parts[at!.Value] + parts[at.Value + 1]]) is { } lowest)
            {
                parts[lowest] += parts[lowest + 1];
                parts.RemoveAt(lowest + 1);
            }

            Assert.Equal(parts.Count, Count(text));
        }
    }

    [Theory]
    [InlineData("a", 1 << 18)]
    [InlineData("abcd", 1 << 18)]
    [InlineData(" ", 1 << 20)]
    [InlineData("!", 1 << 20)]
    [InlineData("ªA", 3 << 19)]
    public void A_megabyte_of_one_word_takes_no_more_than_one_of_many(string letters, int tokens)
    {
        // With square time this would be a matter of hours.
        var text = string.Concat(Enumerable.Repeat(letters, (1 << 20) / letters.Length));
        Assert.InRange(Count(text), tokens / 2, tokens);
    }

    [Fact]
    public void What_is_not_UTF_8_is_counted_by_its_bytes()
    {
        var random = new Random(20261121);
        for (var i = 0; i < 2000; i++)
        {
            var bytes = new byte[random.Next(100)];
            random.NextBytes(bytes);
            Assert.InRange(Tokenizer.Count(bytes), (bytes.Length + 3) / 4, bytes.Length);
        }

        Assert.Equal(3, Tokenizer.Count([0xFF, 0xC3, 0xE2]));
    }

    [Fact]
    public async Task Threads_count_at_the_same_time()
    {
        var text = string.Concat(Enumerable.Repeat("abcd ba aaaa\n\n", 100)) + new string('a', 500);
        var expected = Count(text);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 100; i++)
            {
                Assert.Equal(expected, Count(text));
            }
        })));
    }

    private static long Count(string text) => Tokenizer.Count(Encoding.UTF8.GetBytes(text));

    private static string Pieces(string text, BytePairSplit split)
    {
        var pieces = new BytePairPieces(Encoding.UTF8.GetBytes(text), split);
        var found = new List<string>();
        while (pieces.Next() is { IsEmpty: false } piece)
        {
            found.Add(Encoding.UTF8.GetString(piece));
        }

        return string.Join('|', found);
    }

    private static BytePairTokenizer Read(string file) => BytePairTokenizer.Read(new MemoryStream(Encoding.UTF8.GetBytes(file)), BytePairSplit.O200k);

    private static string Lines()
    {
        var tokens = Enumerable.Range(0, 256).Select(value => new[] { (byte)value }).Concat(Merges.Select(Encoding.Latin1.GetBytes));
        return string.Concat(tokens.Select((token, rank) => $"{Convert.ToBase64String(token)} {rank}\n"));
    }
}
