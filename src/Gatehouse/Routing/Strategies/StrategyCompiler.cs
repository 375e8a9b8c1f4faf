using Gatehouse.Catalog;
using Gatehouse.Configuration.Binding;

namespace Gatehouse.Routing.Strategies;

/// <summary>Makes the node of a strategy and tells of what does not belong to it.</summary>
internal sealed class StrategyCompiler(ConfigurationErrors errors, ModelCatalog catalog, TimeProvider time)
{
    /// <returns>Null after a mistake.</returns>
    public RouteNode? Compile(IStrategyOptions options, IReadOnlyList<(RouteTargetOptions Options, RouteNode Node)> children, string path)
    {
        var strategy = options.Strategy ?? RouteStrategy.Fallback;
        CheckKeys(strategy, options, children, path);
        RouteNode[] nodes = [.. children.Select(child => child.Node)];
        return strategy switch
        {
            RouteStrategy.Fallback => new FallbackStrategy(nodes),
            RouteStrategy.Weighted => new WeightedStrategy(nodes),
            RouteStrategy.RoundRobin => new RoundRobinStrategy(nodes),
            RouteStrategy.LeastLatency => new LeastLatencyStrategy(nodes),
            RouteStrategy.LeastCost => new LeastCostStrategy(nodes, new ExpectedCost(catalog, time).Of),
            RouteStrategy.LeastBusy => new LeastBusyStrategy(nodes),
            RouteStrategy.Sticky => new StickyStrategy(nodes, options.StickyBy ?? AffinitySource.Prompt),
            RouteStrategy.Canary => Canary(options, children, path),
            RouteStrategy.Shadow => Shadow(children, path),
            _ => NotThere(path),
        };
    }

    private CanaryStrategy? Canary(IStrategyOptions options, IReadOnlyList<(RouteTargetOptions Options, RouteNode Node)> children, string path)
    {
        RouteNode[] stable = [.. children.Where(child => child.Options.Percent is null).Select(child => child.Node)];
        var canaries = children.Where(child => child.Options.Percent is not null).ToArray();
        if (canaries is not [var (canary, node)] || stable.Length == 0)
        {
            errors.Add(path, "canary needs one target with percent, and at least one without, which takes the rest");
            return null;
        }

        return new CanaryStrategy(stable, node, (double)canary.Percent!.Value, options.StickyBy);
    }

    private ShadowStrategy? Shadow(IReadOnlyList<(RouteTargetOptions Options, RouteNode Node)> children, string path)
    {
        if (children is not [({ Percent: null }, var primary), _, ..])
        {
            errors.Add(path, "shadow needs a first target, without percent, that answers, and at least one more that gets copies");
            return null;
        }

        return new ShadowStrategy(primary, [.. children.Skip(1).Select(child => (child.Node, (double)(child.Options.Percent ?? 100)))]);
    }

    /// <summary>A key that does nothing where it stands is a mistake: somebody thinks that it does.</summary>
    private void CheckKeys(RouteStrategy strategy, IStrategyOptions options, IReadOnlyList<(RouteTargetOptions Options, RouteNode Node)> children, string path)
    {
        if (options.StickyBy is not null && strategy is not (RouteStrategy.Sticky or RouteStrategy.Canary))
        {
            errors.Add($"{path}.sticky_by", $"belongs to sticky and canary, not to {YamlBinder.EnumKey(strategy)}");
        }

        foreach (var (child, _) in children)
        {
            if (child.Percent is < 0 or > 100)
            {
                errors.Add(path, $"percent is {child.Percent}: it must be 0 to 100");
            }
        }

        if (strategy is not (RouteStrategy.Canary or RouteStrategy.Shadow) && children.Any(child => child.Options.Percent is not null))
        {
            errors.Add(path, $"percent belongs to targets of canary and shadow, not of {YamlBinder.EnumKey(strategy)}; weighted has weight");
        }

        if (strategy is RouteStrategy.Weighted or RouteStrategy.RoundRobin or RouteStrategy.Sticky && children.All(child => child.Options.Weight == 0))
        {
            errors.Add(path, "all weights are 0: none of the targets would be chosen");
        }
    }

    private RouteNode? NotThere(string path)
    {
        errors.Add($"{path}.strategy", "is not there yet");
        return null;
    }
}
