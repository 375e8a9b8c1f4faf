namespace Gatehouse.Runs;

/// <summary>The calls of a run, as a tree in one list: each call stands before those made within it.</summary>
/// <param name="Nodes">In pre-order, those of one parent by their time.</param>
/// <param name="FanOut">Most calls at the same time.</param>
internal sealed record RunTree(IReadOnlyList<RunTreeNode> Nodes, int Depth, int FanOut)
{
    /// <param name="rows">Oldest first. A parent that is not before its child is none: no row can be its own ancestor.</param>
    public static RunTree Of(IReadOnlyList<RunRow> rows)
    {
        var nodes = new Dictionary<string, Node>(rows.Count, StringComparer.Ordinal);
        var roots = new List<Node>();
        foreach (var row in rows)
        {
            var parent = (row.Parent ?? row.ShadowOf) is { } id && nodes.TryGetValue(id, out var known) ? known : null;
            var node = new Node(row, parent, (parent?.Depth ?? 0) + 1);
            nodes[row.Id] = node;
            (parent?.Children ?? roots).Add(node);
        }

        // Children come after their parents in the rows: from the end on, each is complete when it is added to its parent.
        for (var i = rows.Count - 1; i >= 0; i--)
        {
            var node = nodes[rows[i].Id];
            node.Add(rows[i].CostNanoUsd, rows[i].Tokens);
            node.Parent?.Add(node.Cost, node.Tokens);
        }

        return new RunTree(InOrder(roots, rows.Count), rows.Count == 0 ? 0 : nodes.Values.Max(node => node.Depth), FanOutOf(rows));
    }

    private static List<RunTreeNode> InOrder(List<Node> roots, int count)
    {
        // Not by recursion: a chain of answers may be as deep as it is long.
        var order = new List<RunTreeNode>(count);
        var next = new Stack<Node>(Enumerable.Reverse(roots));
        while (next.TryPop(out var node))
        {
            order.Add(new RunTreeNode(node.Row, node.Parent?.Row.Id, node.Depth, node.Children.Count, node.Cost, node.Tokens));
            foreach (var child in Enumerable.Reverse(node.Children))
            {
                next.Push(child);
            }
        }

        return order;
    }

    private static int FanOutOf(IReadOnlyList<RunRow> rows)
    {
        var (most, now) = (0, 0);
        foreach (var (_, change) in rows
            .Where(row => row is { IsRefused: false, ShadowOf: null })
            .SelectMany(row => new[] { (At: row.StartedAt, Change: 1), (At: row.EndedAt, Change: -1) })
            .OrderBy(edge => edge.At).ThenBy(edge => edge.Change))
        {
            now += change;
            most = Math.Max(most, now);
        }

        // Calls that took no measurable time were in flight, too.
        return most == 0 && rows.Any(row => !row.IsRefused) ? 1 : most;
    }

    private sealed class Node(RunRow row, Node? parent, int depth)
    {
        public RunRow Row { get; } = row;

        public Node? Parent { get; } = parent;

        public int Depth { get; } = depth;

        public List<Node> Children { get; } = [];

        /// <summary>Of it and all within it, as far as it is known.</summary>
        public long? Cost { get; private set; }

        public long Tokens { get; private set; }

        public void Add(long? cost, long tokens)
        {
            Cost = cost is null ? Cost : (Cost ?? 0) + cost;
            Tokens += tokens;
        }
    }
}

/// <param name="Parent">Null for a root.</param>
/// <param name="Children">How many calls were made directly within it.</param>
/// <param name="TreeCostNanoUsd">Of it and all within it; null when nothing of it is known.</param>
internal readonly record struct RunTreeNode(RunRow Row, string? Parent, int Depth, int Children, long? TreeCostNanoUsd, long TreeTokens);
