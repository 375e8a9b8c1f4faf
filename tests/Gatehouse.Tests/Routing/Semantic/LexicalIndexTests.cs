using Gatehouse.Routing.Semantic;

namespace Gatehouse.Tests.Routing.Semantic;

/// <summary>How often the index without a model is right, and that it stays within bounds.</summary>
public sealed class LexicalIndexTests
{
    private static readonly LexicalIndex Index = new([.. SemanticCases.Branches.Select(branch => branch.Examples)]);

    /// <summary>The numbers that docs/routing.md reports; both halves, of which only the even one was tuned on.</summary>
    [Theory]
    [InlineData(0, 43, 0, 61)]
    [InlineData(1, 42, 1, 60)]
    public void When_it_chooses_it_is_right(int half, int right, int wrong, int inScope)
    {
        var queries = SemanticCases.Queries.Where((_, i) => i % 2 == half).ToArray();
        var chosen = queries.Select(query => (query.Label, Choice: Index.Choose(query.Text).Branch)).Where(query => query.Choice is not null).ToArray();
        var hits = chosen.Count(query => SemanticCases.Branches[query.Choice!.Value].Name == query.Label);
        Assert.InRange(hits / (double)chosen.Length, 0.95, 1);
        Assert.Equal((right, wrong, inScope), (hits, chosen.Length - hits, queries.Count(query => query.Label != "-")));
    }

    [Fact]
    public void It_finds_its_own_examples()
    {
        for (var branch = 0; branch < SemanticCases.Branches.Length; branch++)
        {
            foreach (var example in SemanticCases.Branches[branch].Examples)
            {
                var choice = Index.Choose(example.ToUpperInvariant());
                Assert.Equal((branch, SemanticChoice.Lexically), (choice.Branch, choice.Method));
                Assert.InRange(choice.Score, 0.99, 1);
            }
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("   \n\t ")]
    [InlineData("?!.,;")]
    [InlineData("\ud800\udc00\ud800")]
    [InlineData("the of and a to")]
    public void Of_nothing_it_makes_nothing(string text) => Assert.Null(Index.Choose(text).Branch);

    [Fact]
    public void Two_branches_that_are_as_near_are_none()
    {
        var index = new LexicalIndex([["reset the router password"], ["reset the email password"]]);
        Assert.Null(index.Choose("reset my password").Branch);
        Assert.Equal(1, index.Choose("reset the password of my email").Branch);
    }

    [Theory]
    [InlineData("Réinitialiser le mot de passe du routeur", "reinitialiser mot de passe routeur", true)]
    [InlineData("请把这个句子翻译成法语", "把这句话翻译成法语", true)]
    [InlineData("Rechnung vom letzten Monat herunterladen", "die Rechnungen der letzten Monate bitte herunterladen", true)]
    [InlineData("请把这个句子翻译成法语", "今天天气很好", false)]
    public void Other_languages_are_read(string example, string text, bool found) =>
        Assert.Equal(found ? 0 : null, new LexicalIndex([[example], ["something else entirely"]]).Choose(text).Branch);

    [Fact]
    public void A_text_of_any_size_takes_a_bounded_time()
    {
        var many = Enumerable.Range(0, 64).Select(b => (IReadOnlyList<string>)[.. Enumerable.Range(0, 64).Select(e => $"branch {b} example {e} about subject{b} and detail{e}")]).ToArray();
        var index = new LexicalIndex(many);
        Assert.Equal(17, index.Choose("what about subject17 and detail3, branch 17").Branch);
        var text = string.Concat(Enumerable.Repeat("subject detail branch example ", 100_000));
        var before = GC.GetAllocatedBytesForCurrentThread();
        _ = index.Choose(text);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2 * 1024 * 1024);
        Assert.Null(new LexicalIndex([]).Choose("anything").Branch);
        Assert.Null(new LexicalIndex([["a b"]], threshold: 0).Choose("unrelated").Branch);
    }
}
