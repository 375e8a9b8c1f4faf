using Gatehouse.Routing.Strategies;

namespace Gatehouse.Tests.Routing.Strategies;

public sealed class ConditionalStrategyTests
{
    private readonly ConditionalStrategy _node = new(
    [
        (null, null, TestRoute.Target("other/m")),
        ("input > 5000", context => (context.InputTokens > 5000, null), TestRoute.Target("large/m")),
        ("headers.x", _ => (false, "1:9: no such key: x"), TestRoute.Target("broken/m")),
        ("input > 500", context => (context.InputTokens > 500, null), TestRoute.Target("medium/m")),
    ]);

    [Theory]
    [InlineData(10, "other/m")]
    [InlineData(1000, "medium/m other/m")]
    [InlineData(9000, "large/m medium/m other/m")]
    public void Those_whose_condition_holds_come_in_order_and_then_those_without(int input, string order) =>
        Assert.Equal(order, string.Join(' ', TestRoute.Plan(_node, new TestContext { Input = input })));

    [Fact]
    public void Where_nothing_holds_and_nothing_else_is_written_there_is_no_target()
    {
        var node = new ConditionalStrategy([("false", _ => (false, null), TestRoute.Target("a/m"))]);
        Assert.Empty(TestRoute.Plan(node, new TestContext()));
        Assert.Equal("conditional: 'false' does not hold; no target is left", node.Explain(new TestContext()));
    }

    [Fact]
    public void It_says_what_holds_and_what_could_not_be_told() => Assert.Equal(
        "conditional: 'input > 5000' does not hold, 'headers.x' cannot be told (1:9: no such key: x), 'input > 500' holds: medium/m, otherwise other/m",
        _node.Explain(new TestContext { Input = 1000 }));
}
