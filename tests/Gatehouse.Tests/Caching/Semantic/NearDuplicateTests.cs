using System.Text.Json;
using FsCheck.Fluent;
using Gatehouse.Caching.Semantic;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Caching.Semantic;

/// <summary>The pairs are own work. One half was looked at while the forms were made, the other one only afterwards.</summary>
public sealed class NearDuplicateTests
{
    private static readonly PartitionHash Partition = new(1, 2);

    private static readonly Dictionary<string, Dictionary<string, string[][]>> Pairs = JsonSerializer.Deserialize<Dictionary<string, Dictionary<string, string[][]>>>(
        File.ReadAllText(Path.Combine(Repository.Root, "tests", "Gatehouse.Tests", "Caching", "Semantic", "near-duplicates.json")))!;

    [Theory]
    [InlineData("tuned")]
    [InlineData("held_back")]
    public void What_must_not_match_does_not(string half)
    {
        Assert.True(Pairs["different"][half].Length >= 100);
        Assert.Empty(Pairs["different"][half].Where(Matches).Select(pair => string.Join(" | ", pair)));
    }

    [Theory]
    [InlineData("tuned", 0.80)]
    [InlineData("held_back", 0.70)]
    public void Most_that_should_match_does(string half, double leastRecall)
    {
        var pairs = Pairs["same"][half];
        var missed = pairs.Where(pair => !Matches(pair)).Select(pair => string.Join(" | ", pair)).ToArray();
        var recall = 1 - ((double)missed.Length / pairs.Length);
        TestContext.Current.TestOutputHelper?.WriteLine($"{half}: {recall:P1} of {pairs.Length}; missed:\n{string.Join('\n', missed)}");

        Assert.True(pairs.Length >= 100);
        Assert.True(recall >= leastRecall, $"{recall:P1}");
    }

    [Fact]
    public void What_it_finds_is_right_99_times_of_100()
    {
        var right = Pairs["same"].Values.Sum(pairs => pairs.Count(Matches));
        var wrong = Pairs["different"].Values.Sum(pairs => pairs.Count(Matches));

        Assert.True(right >= 0.99 * (right + wrong), $"{right} right, {wrong} wrong");
    }

    [Fact]
    public void Among_all_texts_only_those_of_one_pair_are_found()
    {
        // Texts that stand in several pairs that should match are one group.
        var group = new Dictionary<string, string>(StringComparer.Ordinal);
        string Root(string text)
        {
            while (group.TryGetValue(text, out var parent) && parent != text)
            {
                text = parent;
            }

            return text;
        }

        foreach (var pair in Pairs["same"].Values.SelectMany(pairs => pairs))
        {
            group[Root(pair[0])] = Root(pair[1]);
        }

        var different = Pairs["different"].Values.SelectMany(pairs => pairs).SelectMany(pair => pair).Distinct(StringComparer.Ordinal).ToArray();
        var index = new NearDuplicateIndex<string>(10_000);
        foreach (var text in different)
        {
            if (!index.TryFind(Partition, text, out var found, out _))
            {
                _ = index.Add(Partition, text, text);
            }
            else
            {
                Assert.Equal(Root(text), Root(found!), ignoreCase: true);
            }
        }
    }

    [Fact]
    public void A_word_may_be_written_wrongly_but_not_be_another_one()
    {
        Assert.Equal(1, Similarity("What is a definition of inflation?", "what is a definition of inflation"));
        Assert.InRange(Similarity("What is a definition of inflation?", "What is a defniition of inflation?"), 0.8, 0.99);
        Assert.Equal(0, Similarity("What is a definition of inflation?", "What is a defniition of inflattion?"));
        Assert.Equal(0, Similarity("Who was the composer Johansson from there?", "Who was the composer Johanssson from there?"));
        Assert.Equal(0, Similarity("why does the desert look like that", "why does the dessert look like that"));
    }

    [Fact]
    public void Partitions_never_share()
    {
        var index = new NearDuplicateIndex<int>(10);
        Assert.True(index.Add(Partition, 1, "What is it?"));

        Assert.False(index.TryFind(Partition with { Low = 9 }, "What is it?", out _, out var similarity));
        Assert.Equal(0, similarity);
        Assert.False(index.TryFind(Partition with { High = 9 }, "What is it?", out _, out _));
        Assert.True(index.TryFind(Partition, "what is it", out var key, out similarity));
        Assert.Equal((1, 1.0), (key, similarity));
    }

    [Fact]
    public void Memory_is_bounded_and_what_was_not_asked_for_makes_room()
    {
        var index = new NearDuplicateIndex<int>(100);
        for (var i = 0; i < 1_000; i++)
        {
            Assert.True(index.Add(Partition, i, $"What is the number {i}?"));
            Assert.True(index.TryFind(Partition, "What is the number 0?", out var key, out _));
            Assert.Equal(0, key);
        }

        Assert.Equal(100, index.Count);
        Assert.False(index.TryFind(Partition, "What is the number 1?", out _, out _));
        Assert.True(index.Remove(0));
        Assert.False(index.Remove(0));
        Assert.False(index.TryFind(Partition, "What is the number 0?", out _, out _));
        Assert.Equal(99, index.Count);
    }

    [Fact]
    public void Texts_made_to_fall_together_are_no_more_than_eight()
    {
        // All of them are the same letters between the same ends.
        var random = new SeededRandom(3);
        var index = new NearDuplicateIndex<int>(10_000);
        for (var i = 0; i < 5_000; i++)
        {
            var word = "a" + string.Concat("bcdefghijklm".OrderBy(_ => random.Next())) + "z";
            Assert.True(index.Add(Partition, i, word));
        }

        Assert.InRange(index.Count, 1, 8);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \u200B\n")]
    public void A_text_without_words_has_no_form(string text)
    {
        Assert.Null(LexicalForm.Of(text));
        Assert.False(new NearDuplicateIndex<int>(1).Add(Partition, 1, text));
        Assert.Null(LexicalForm.Of(new string('x', LexicalForm.MaxLength + 1)));
    }

    [Fact]
    public void No_text_is_a_crash_and_every_text_is_like_itself()
    {
        string[] pieces = ["please", "hi", ",", "!", "?", ".", "thanks", "can you", "tell me", "what", "is", "the", "of", "'", "\"", "“", "`", ":", " ", "5", "-", "\ud800", "\udc00", "😀", "́", "何", "ﬁ", "how do i", "write me a", "and", "\0", "A", "don't", "wörd", "İ"];
        Properties.Hold(Gen.Choose(0, int.MaxValue), seed =>
        {
            var random = new SeededRandom(seed);
            var text = string.Concat(Enumerable.Range(0, random.Next(300)).Select(_ => pieces[random.Next(pieces.Length)] + (random.Next(2) == 0 ? " " : "")));
            var index = new NearDuplicateIndex<int>(10);
            if (index.Add(Partition, 1, text))
            {
                Assert.True(index.TryFind(Partition, text, out _, out var similarity));
                Assert.Equal(1, similarity);
            }
        }, count: 2_000);
    }

    [Fact]
    public void Ends_on_the_longest_of_hostile_texts()
    {
        string[] pieces = ["please ", ", ", "a, and ", "? ", "' ", "'a", "the of ", "thanks. ", "tell me ", "hi, ", "\"", "\"\" ", "x: ", "what's ", "1,1,"];
        Assert.All(pieces, piece => _ = LexicalForm.Of(string.Concat(Enumerable.Repeat(piece, LexicalForm.MaxLength / piece.Length))));
    }

    private static bool Matches(string[] pair) => Similarity(pair[0], pair[1]) > 0 || Similarity(pair[1], pair[0]) > 0;

    private static double Similarity(string stored, string asked)
    {
        var index = new NearDuplicateIndex<int>(10);
        Assert.True(index.Add(Partition, 1, stored));
        _ = index.TryFind(Partition, asked, out _, out var similarity);
        return similarity;
    }
}
