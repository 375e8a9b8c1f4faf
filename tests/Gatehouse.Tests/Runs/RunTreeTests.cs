using FsCheck.Fluent;
using Gatehouse.Runs;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Runs;

public sealed class RunTreeTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Costs_of_the_roots_are_the_sum_of_all_rows_whatever_the_parents()
    {
        var row = Gen.Choose(-3, 60).SelectMany(parent => Gen.Choose(-1, 100).SelectMany(cost => Gen.Choose(1, 20).Select(length => (parent, cost, length))));
        Properties.Hold(row.ListOf(50), drawn =>
        {
            var rows = drawn.Select((item, i) => Row(i, item.parent < 0 ? null : $"exc_{item.parent:00}", item.cost < 0 ? null : item.cost, item.length)).ToList();

            var tree = RunTree.Of(rows);

            Assert.Equal(rows.Select(r => r.Id).Order(StringComparer.Ordinal), tree.Nodes.Select(node => node.Row.Id).Order(StringComparer.Ordinal));
            var roots = tree.Nodes.Where(node => node.Parent is null).ToList();
            Assert.Equal(rows.Sum(r => r.CostNanoUsd ?? 0), roots.Sum(node => node.TreeCostNanoUsd ?? 0));
            Assert.Equal(rows.Sum(r => r.Tokens), roots.Sum(node => node.TreeTokens));
            var depths = new Dictionary<string, int>(StringComparer.Ordinal);
            foreach (var node in tree.Nodes)
            {
                // A parent stands before its children, and is older.
                Assert.Equal(node.Parent is null ? 1 : depths[node.Parent] + 1, node.Depth);
                depths[node.Row.Id] = node.Depth;
                Assert.Equal(node.Children, tree.Nodes.Count(other => other.Parent == node.Row.Id));
            }

            Assert.Equal(tree.Nodes.Select(node => node.Depth).DefaultIfEmpty().Max(), tree.Depth);
            // Most calls are in flight when one begins.
            Assert.Equal(rows.Select(row => rows.Count(other => other.StartedAt <= row.StartedAt && other.EndedAt > row.StartedAt)).DefaultIfEmpty().Max(), tree.FanOut);
        });
    }

    [Fact]
    public void A_chain_as_long_as_a_run_can_be_is_no_matter()
    {
        var tree = RunTree.Of(Enumerable.Range(0, RunStore.MostRows).Select(i => Row(i, i == 0 ? null : $"exc_{i - 1:00}", 1, 1)).ToList());

        Assert.Equal((RunStore.MostRows, 1), (tree.Depth, tree.FanOut));
        Assert.Equal(RunStore.MostRows, tree.Nodes[0].TreeCostNanoUsd);
    }

    private static RunRow Row(int i, string? parent, long? cost, int length) =>
        new($"exc_{i:00}", Start.AddSeconds(i), TimeSpan.FromSeconds(length), parent, null, "a/m", 200, "completed")
        {
            Operation = "chat",
            Key = "k",
            Model = "m",
            Tokens = i,
            RequestTokens = 1,
            CostNanoUsd = cost,
        };
}
