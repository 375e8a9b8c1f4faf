using Gatehouse.Routing;
using Gatehouse.Routing.Semantic;
using Gatehouse.Routing.Strategies;
using Gatehouse.Tests.Routing.Strategies;
using TestContext = Gatehouse.Tests.Routing.Strategies.TestContext;

namespace Gatehouse.Tests.Routing.Semantic;

public sealed class SemanticStrategyTests
{
    private readonly SemanticStrategy _node = new(
        [(["a"], TestRoute.Target("a/m")), ([], TestRoute.Target("d/m")), (["b"], TestRoute.Target("b/m"))], new LexicalIndex([["a"], ["b"]]));

    [Theory]
    [InlineData(0, "a/m d/m b/m")]
    [InlineData(1, "b/m d/m a/m")]
    [InlineData(null, "d/m a/m b/m")]
    [InlineData(9, "d/m a/m b/m")]
    public void The_chosen_branch_comes_first_then_the_default(int? branch, string order)
    {
        var context = new TestContext();
        context.Choices[_node] = new SemanticChoice(branch, 0.5, SemanticChoice.Lexically);
        Assert.Equal(order, string.Join(' ', TestRoute.Plan(_node, context)));
    }

    [Fact]
    public void Where_nobody_asked_the_default_comes_first() => Assert.Equal("d/m", TestRoute.Plan(_node, new TestContext())[0]);

    [Fact]
    public void It_says_what_chose()
    {
        var context = new TestContext();
        Assert.Equal("semantic: nothing was asked: d/m first", _node.Explain(context));
        context.Choices[_node] = new SemanticChoice(1, 0.5, SemanticChoice.Lexically) { Fallback = "no embeddings in time" };
        Assert.Equal("semantic: nearest branch (lexical, 0.50, no embeddings in time): b/m first", _node.Explain(context));
        context.Choices[_node] = new SemanticChoice(null, 0.12, SemanticChoice.ByEmbedding);
        Assert.Equal("semantic: no branch is near enough (embedding, 0.12): d/m first", _node.Explain(context));
    }

    [Fact]
    public void Who_has_to_be_asked_is_found_in_the_tree()
    {
        RouteNode tree = new FallbackStrategy([TestRoute.Target("x/m"), new WeightedStrategy([_node])]);
        Assert.Equal([_node], tree.SemanticNodes);
        Assert.Empty(TestRoute.Target("x/m").SemanticNodes);
    }
}
