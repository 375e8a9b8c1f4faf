using Gatehouse.Catalog;
using Gatehouse.Configuration.Binding;
using Gatehouse.Pipeline;
using Gatehouse.Routing.Semantic;
using Gatehouse.Routing.Traits;

namespace Gatehouse.Routing.Strategies;

/// <summary>Makes the node of a strategy and tells of what does not belong to it.</summary>
/// <param name="targetOf">The target that a text names, or null after a mistake at a path.</param>
internal sealed class StrategyCompiler(ConfigurationErrors errors, ModelCatalog catalog, TimeProvider time, Func<string, string, Target?> targetOf)
{
    private const int MostExamples = 64;

    /// <returns>Null after a mistake.</returns>
    public RouteNode? Compile(IStrategyOptions options, IReadOnlyList<(RouteTargetOptions Options, RouteNode Node, string Path)> children, string path)
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
            RouteStrategy.Conditional => Conditional(children, path),
            RouteStrategy.Semantic => Semantic(options, children, path),
            RouteStrategy.Complexity => Complexity(children, path),
            _ => throw new ArgumentOutOfRangeException(nameof(options), strategy, message: null),
        };
    }

    private CanaryStrategy? Canary(IStrategyOptions options, IReadOnlyList<(RouteTargetOptions Options, RouteNode Node, string Path)> children, string path)
    {
        RouteNode[] stable = [.. children.Where(child => child.Options.Percent is null).Select(child => child.Node)];
        var canaries = children.Where(child => child.Options.Percent is not null).ToArray();
        if (canaries is not [var (canary, node, _)] || stable.Length == 0)
        {
            errors.Add(path, "canary needs one target with percent, and at least one without, which takes the rest");
            return null;
        }

        return new CanaryStrategy(stable, node, (double)canary.Percent!.Value, options.StickyBy);
    }

    private ShadowStrategy? Shadow(IReadOnlyList<(RouteTargetOptions Options, RouteNode Node, string Path)> children, string path)
    {
        if (children is not [({ Percent: null }, var primary, _), _, ..])
        {
            errors.Add(path, "shadow needs a first target, without percent, that answers, and at least one more that gets copies");
            return null;
        }

        return new ShadowStrategy(primary, [.. children.Skip(1).Select(child => (child.Node, (double)(child.Options.Percent ?? 100)))]);
    }

    private ConditionalStrategy Conditional(IReadOnlyList<(RouteTargetOptions Options, RouteNode Node, string Path)> children, string path)
    {
        if (children.All(child => child.Options.When.Length == 0))
        {
            errors.Add(path, "conditional needs a target with a condition, such as { target: a/m, when: \"request.stream\" }");
        }

        var compiled = new List<(string? When, RouteCondition? Condition, RouteNode Node)>();
        foreach (var (child, node, place) in children)
        {
            if (child.When.Length == 0)
            {
                compiled.Add((null, null, node));
                continue;
            }

            var (condition, mistakes) = RequestCondition.Compile(child.When);
            foreach (var mistake in mistakes)
            {
                errors.Add($"{place}.when", $"the condition '{child.When}' has a mistake at {mistake.Line}:{mistake.Column}: {mistake.Message}");
            }

            compiled.Add((child.When, condition, node));
        }

        return new ConditionalStrategy(compiled);
    }

    private SemanticStrategy? Semantic(IStrategyOptions options, IReadOnlyList<(RouteTargetOptions Options, RouteNode Node, string Path)> children, string path)
    {
        IReadOnlyList<string>[] branches = [.. children.Select(child => child.Options.Examples).Where(examples => examples.Count > 0)];
        if (branches.Length == 0)
        {
            errors.Add(path, "semantic needs a target with examples, such as { target: a/m, examples: [\"I want my money back\"] }");
            return null;
        }

        foreach (var (child, _, place) in children)
        {
            if (child.Examples.Count > MostExamples)
            {
                errors.Add($"{place}.examples", $"a target of semantic can have {MostExamples} examples");
            }
        }

        if (options.Threshold is <= 0 or >= 1)
        {
            errors.Add($"{path}.threshold", "must be above 0 and below 1");
        }

        var isLexical = options.Embeddings.Length == 0;
        var lexical = new LexicalIndex(branches, isLexical && options.Threshold is { } own ? (double)own : LexicalIndex.DefaultThreshold);
        ISemanticIndex index = lexical;
        if (!isLexical && targetOf(options.Embeddings, $"{path}.embeddings") is { } embedder)
        {
            index = new EmbeddingIndex(branches, new ProviderEmbedder(embedder), lexical, time, (double?)options.Threshold ?? EmbeddingIndex.DefaultThreshold);
        }

        return new SemanticStrategy([.. children.Select(child => (child.Options.Examples, child.Node))], index);
    }

    private ComplexityStrategy? Complexity(IReadOnlyList<(RouteTargetOptions Options, RouteNode Node, string Path)> children, string path)
    {
        if (children.FirstOrDefault(child => child.Options.Complexity is null) is { Path: { } place })
        {
            errors.Add(place, "each target of complexity needs a level, such as { target: a/m, complexity: simple }");
            return null;
        }

        return new ComplexityStrategy([.. children.Select(child => (child.Options.Complexity!.Value, child.Node))]);
    }

    /// <summary>A key that does nothing where it stands is a mistake: somebody thinks that it does.</summary>
    private void CheckKeys(RouteStrategy strategy, IStrategyOptions options, IReadOnlyList<(RouteTargetOptions Options, RouteNode Node, string Path)> children, string path)
    {
        Belongs(path, "sticky_by", options.StickyBy is not null, RouteStrategy.Sticky, RouteStrategy.Canary);
        Belongs(path, "embeddings", options.Embeddings.Length > 0, RouteStrategy.Semantic);
        Belongs(path, "threshold", options.Threshold is not null, RouteStrategy.Semantic);
        foreach (var (child, _, place) in children)
        {
            Belongs(place, "percent", child.Percent is not null, RouteStrategy.Canary, RouteStrategy.Shadow);
            Belongs(place, "when", child.When.Length > 0, RouteStrategy.Conditional);
            Belongs(place, "examples", child.Examples.Count > 0, RouteStrategy.Semantic);
            Belongs(place, "complexity", child.Complexity is not null, RouteStrategy.Complexity);
            if (child.Percent is < 0 or > 100)
            {
                errors.Add($"{place}.percent", $"percent is {child.Percent}: it must be 0 to 100");
            }
        }

        if (strategy is RouteStrategy.Weighted or RouteStrategy.RoundRobin or RouteStrategy.Sticky && children.All(child => child.Options.Weight == 0))
        {
            errors.Add(path, "all weights are 0: none of the targets would be chosen");
        }

        void Belongs(string at, string key, bool isThere, params ReadOnlySpan<RouteStrategy> strategies)
        {
            if (isThere && !strategies.Contains(strategy))
            {
                var names = string.Join(" and ", strategies.ToArray().Select(name => YamlBinder.EnumKey(name)));
                errors.Add($"{at}.{key}", $"{key} belongs to {names}, and the strategy here is {YamlBinder.EnumKey(strategy)}");
            }
        }
    }
}
