namespace Gatehouse.Routing.Strategies;

/// <summary>A child of a strategy, with what is asked of it for every exchange at hand.</summary>
internal sealed class Branch(RouteNode node)
{
    private readonly RouteTarget[] _targets = [.. node.AnsweringTargets];

    public RouteNode Node => node;

    /// <summary>Those that may answer: nothing is known of one that only gets copies, and it takes no call from another.</summary>
    public ReadOnlySpan<RouteTarget> Targets => _targets;

    /// <summary>0 marks a reserve.</summary>
    public double Weight { get; } = double.IsFinite(node.Weight) ? Math.Max(node.Weight, 0) : 0;

    public bool IsReserve => Weight == 0;

    /// <summary>
    /// Made of the names of its targets in their order, so that it is the same in every process, after every reload, and wherever in its
    /// parent it stands.
    /// </summary>
    public ulong Identity { get; } = IdentityOf(node);

    /// <summary>That of its readiest target: one that is well can carry all of it.</summary>
    public double Readiness
    {
        get
        {
            var readiness = 0.0;
            foreach (var target in _targets)
            {
                readiness = Math.Max(readiness, target.Health!.Readiness);
            }

            return readiness;
        }
    }

    /// <summary>Attempts that run now at its targets.</summary>
    public int InFlight
    {
        get
        {
            var sum = 0;
            foreach (var target in _targets)
            {
                sum += target.Health!.InFlight;
            }

            return sum;
        }
    }

    /// <summary>For a person: the name of the target, or <c>[a/m, b/m]</c>.</summary>
    public string Label { get; } = LabelOf([.. node.Targets]);

    /// <summary>What this branch in turn decides, to be appended to a line; empty for a target.</summary>
    public string Continued(RouteContext context) => node is RouteTarget ? "" : $"; {node.Explain(context)}";

    private static ulong IdentityOf(RouteNode node)
    {
        var identity = 0UL;
        foreach (var target in node.Targets)
        {
            identity = StableHash.Combine(identity, StableHash.Of(target.Target.Name));
        }

        return identity;
    }

    private static string LabelOf(RouteTarget[] targets) => targets switch
    {
        [var only] => only.Target.Name,
        { Length: <= 3 } => $"[{string.Join(", ", targets.Select(target => target.Target.Name))}]",
        _ => $"[{targets[0].Target.Name} and {targets.Length - 1} more]",
    };
}
