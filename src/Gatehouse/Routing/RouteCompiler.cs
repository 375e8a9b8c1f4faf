using Gatehouse.Caching;
using Gatehouse.Catalog;
using Gatehouse.Configuration.Binding;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;
using Gatehouse.Routing.Attempts;
using Gatehouse.Routing.Capabilities;
using Gatehouse.Routing.Health;
using Gatehouse.Routing.Limits;
using Gatehouse.Routing.Parameters;
using Gatehouse.Routing.PromptCache;
using Gatehouse.Routing.Strategies;
using Gatehouse.Upstream;
using Gatehouse.Upstream.Translation;

namespace Gatehouse.Routing;

/// <summary>Validates routes and compiles them. What is known of a target's health outlives a reload, as does the budget for retries.</summary>
internal sealed class RouteCompiler(
    ConfigurationErrors errors,
    IReadOnlyDictionary<string, ProviderModel> providers,
    ModelCatalog catalog,
    IReadOnlyDictionary<string, RouteModel> previous,
    TimeProvider time,
    Random random)
{
    /// <summary>Deeper trees are not read by anybody.</summary>
    private const int MaxDepth = 8;

    public IEnumerable<RouteModel> Compile(IReadOnlyDictionary<string, RouteOptions> routes)
    {
        var strategies = new StrategyCompiler(errors, catalog, time, TargetOf);
        return routes.Select(route => Compile(route.Key, route.Value, strategies)).OfType<RouteModel>();
    }

    private RouteModel? Compile(string name, RouteOptions options, StrategyCompiler strategies)
    {
        var path = $"routes.{name}";
        Validate(options, path);
        var before = previous.GetValueOrDefault(name);
        var scope = new Scope(options.Timeout, HealthModel.Of(options.Health), strategies, before, []) { PromptCache = options.PromptCache };
        var root = NodeOf(options, path, scope, depth: 1);
        if (root is null || scope.Leaves.Count == 0)
        {
            return null;
        }

        if (scope.Leaves.Count > RouteModel.MaxTargets)
        {
            errors.Add(path, $"has {scope.Leaves.Count} targets; a route can have {RouteModel.MaxTargets}");
        }

        LimitLeaves(scope);
        return new RouteModel
        {
            Name = name,
            Strategy = options.Strategy ?? RouteStrategy.Fallback,
            Root = root,
            Targets = scope.Leaves,
            Retry = RetryModel.Of(options.Retry, scope.Leaves.Count, before?.Retry.Budget, time),
            Health = scope.Health,
            Hedge = HedgeOf(options.Hedge, before),
            SemanticNodes = [.. root.SemanticNodes],
            ConditionalNodes = [.. root.ConditionalNodes],
            Cache = CacheRule.Compile(options.Cache, $"{path}.cache", errors, TargetOf),
            Release = ReleaseModel.Of(options.Release),
            Continuation = options.Continuation,
            Counts = before?.Counts ?? new RouteCounts(),
            FixedPlan = root.LeadsAllAlike ? PlanOf(scope.Leaves) : null,
        };
    }

    private HedgeModel HedgeOf(HedgeOptions options, RouteModel? before) => new(
        (double)options.Share,
        options.After,
        before?.Hedge?.Budget ?? new RetryBudget(time, (double)options.Share, HedgeOptions.FreeHedges, HedgeOptions.BudgetWindow));

    private void Validate(RouteOptions options, string path)
    {
        TimeoutModel.Validate(options.Timeout, $"{path}.timeout", errors);
        HealthModel.Validate(options.Health, $"{path}.health", errors);
        PromptCacheCompiler.Validate(options.PromptCache, $"{path}.prompt_cache", errors);
        if (options.Retry.Attempts is { } attempts)
        {
            errors.CheckNumber($"{path}.retry.attempts", attempts, least: 1, RouteModel.MaxTargets);
        }

        for (var i = 0; i < options.Retry.On.Count; i++)
        {
            if (!Disposition.Of(options.Retry.On[i]).MayRepeat)
            {
                errors.Add($"{path}.retry.on[{i}]", $"{options.Retry.On[i].Word()} is no reason to ask the same target again: what can be are {string.Join(", ", RetryOptions.Transient.Select(kind => kind.Word()))}");
            }
        }

        errors.CheckDuration($"{path}.retry.backoff", options.Retry.Backoff, canBeZero: true);
        errors.CheckDuration($"{path}.retry.max_backoff", options.Retry.MaxBackoff, canBeZero: true);
        errors.CheckDuration($"{path}.release.after", options.Release.After, canBeZero: true);
        if (options.Release.Tokens is { } tokens)
        {
            errors.CheckNumber($"{path}.release.tokens", tokens, least: 1, ReleaseOptions.MaxTokens);
        }

        CheckPart($"{path}.retry.budget", options.Retry.Budget);
        CheckPart($"{path}.hedge.share", options.Hedge.Share);
        if (options.Hedge.After is { } after)
        {
            errors.CheckDuration($"{path}.hedge.after", after);
        }
    }

    private void CheckPart(string path, decimal value)
    {
        if (value is < 0 or > 1)
        {
            errors.Add(path, "must be 0 to 1");
        }
    }

    private RouteNode? NodeOf(IStrategyOptions options, string path, Scope scope, int depth)
    {
        if (depth > MaxDepth)
        {
            errors.Add(path, $"strategies are nested more than {MaxDepth} levels deep");
            return null;
        }

        if (options.Targets.Count == 0)
        {
            errors.Add(path, depth == 1
                ? "a route needs at least one target, such as targets: [openai/gpt-5-mini]"
                : "a strategy needs at least one target, such as targets: [openai/gpt-5-mini]");
            return null;
        }

        var children = new List<(RouteTargetOptions Options, RouteNode Node, string Path)>();
        for (var i = 0; i < options.Targets.Count; i++)
        {
            var (child, place) = (options.Targets[i], $"{path}.targets[{i}]");
            if (ChildOf(child, place, scope, depth) is { } node)
            {
                node.Weight = (double)child.Weight;
                children.Add((child, node, place));
            }
        }

        return children.Count == 0 ? null : scope.Strategies.Compile(options, children, path);
    }

    private RouteNode? ChildOf(RouteTargetOptions options, string path, Scope scope, int depth)
    {
        if (options.Weight < 0)
        {
            errors.Add($"{path}.weight", "must not be negative");
        }

        var isStrategy = options.Strategy is not null || options.Targets.Count > 0;
        if (isStrategy && (options.Limits.Count > 0 || options.Can.Count > 0 || options.Cannot.Count > 0 || !options.Params.IsEmpty || !options.PromptCache.IsEmpty))
        {
            errors.Add(path, "params, prompt_cache, limits, can and cannot belong to targets, not to a strategy over them");
        }

        if (isStrategy && options.Target.Length > 0)
        {
            errors.Add(path, "is a target and a strategy at once: write target, or strategy with targets");
            return null;
        }

        return isStrategy ? NodeOf(options, path, scope, depth + 1) : LeafOf(options, path, scope);
    }

    private RouteTarget? LeafOf(RouteTargetOptions options, string path, Scope scope)
    {
        if (TargetOf(options.Target, path) is not { } target)
        {
            return null;
        }

        PromptCacheCompiler.Validate(options.PromptCache, $"{path}.prompt_cache", errors);
        target = target with
        {
            PromptCache = PromptCacheCompiler.Compile(options.PromptCache.IsEmpty ? scope.PromptCache : options.PromptCache, options.Params, target),
            Timeouts = target.Timeouts.With(scope.Timeout),
            Parameters = ParameterCompiler.Compile(
                options.Params, isGemini: TargetDialect.Of(target, Dialect.OpenAiChat) == Dialect.Gemini, $"{path}.params", errors),
        };
        var facts = catalog.Find(target.Provider.Name, target.Provider.Entry.Kind, target.Model);
        var leaf = new RouteTarget(target, HealthOf(target, scope)) { Facts = facts, Capabilities = CapabilitiesOf(options, facts, path) };
        scope.Leaves.Add(leaf);
        scope.Limits.Add((options.Limits, $"{path}.limits"));
        return leaf;
    }

    private Target? TargetOf(string text, string path)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash <= 0 || slash == text.Length - 1)
        {
            errors.Add(path, $"'{text}' is not provider/model");
            return null;
        }

        var name = text[..slash];
        if (providers.TryGetValue(name, out var provider))
        {
            return new Target(provider, text[(slash + 1)..]);
        }

        var nearest = KeyNames.Nearest(name, providers.Keys);
        errors.Add(path, $"there is no provider '{name}'" + (nearest is null ? "" : $"; did you mean '{nearest}'?"));
        return null;
    }

    private TargetCapabilities CapabilitiesOf(RouteTargetOptions options, CatalogEntry? facts, string path)
    {
        var (can, cannot) = (CapabilitySet.Of(options.Can), CapabilitySet.Of(options.Cannot));
        if (!(can & cannot).IsEmpty)
        {
            errors.Add($"{path}.cannot", $"{can & cannot} stands under can, too");
        }

        return TargetCapabilities.Of(facts, can, cannot);
    }

    /// <summary>A target that stands in several places of the tree has one set of limits, wherever they are written.</summary>
    private void LimitLeaves(Scope scope)
    {
        foreach (var same in scope.Leaves.Zip(scope.Limits).GroupBy(pair => pair.First.Target.Name, StringComparer.Ordinal))
        {
            var written = same.Where(pair => pair.Second.Items.Count > 0).Select(pair => pair.Second).ToArray();
            if (written.Length > 1)
            {
                errors.Add(written[1].Path, $"{same.Key} has its limits at {written[0].Path} already: they hold for it wherever it stands in the route");
            }

            if (written.Length > 0 && LimitModel.Compile(written[0].Items, written[0].Path, errors) is { } rules)
            {
                var limits = scope.Before?.Targets.FirstOrDefault(leaf => string.Equals(leaf.Target.Name, same.Key, StringComparison.Ordinal))?.Limits ?? new TargetLimits(rules, time);
                foreach (var (leaf, _) in same)
                {
                    (leaf.Limits, leaf.LimitRules) = (limits, rules);
                }
            }
        }
    }

    /// <summary>That of the same target before the reload, and of the same target elsewhere in the tree.</summary>
    private TargetHealth HealthOf(Target target, Scope scope) =>
        scope.Leaves.Concat(scope.Before?.Targets ?? []).FirstOrDefault(leaf => IsSame(leaf.Target, target))?.Health
        ?? new TargetHealth(scope.Health, time, random);

    /// <summary>With another address or another credential the same name is another target: what was wrong before may be right now.</summary>
    private static bool IsSame(Target one, Target other) => string.Equals(one.Name, other.Name, StringComparison.Ordinal)
        && string.Equals(one.Provider.BaseUrl, other.Provider.BaseUrl, StringComparison.Ordinal)
        && one.Provider.Headers.SequenceEqual(other.Provider.Headers) && one.Provider.SignerKey == other.Provider.SignerKey;

    private static RoutePlan PlanOf(List<RouteTarget> leaves)
    {
        var plan = new RoutePlan(leaves.Count);
        leaves.ForEach(plan.Add);
        return plan;
    }

    /// <summary>What holds for all of one route.</summary>
    private sealed record Scope(TimeoutOptions Timeout, HealthModel Health, StrategyCompiler Strategies, RouteModel? Before, List<RouteTarget> Leaves)
    {
        public required PromptCacheOptions PromptCache { get; init; }

        /// <summary>As written at each of the leaves.</summary>
        public List<(IReadOnlyList<LimitOptions> Items, string Path)> Limits { get; } = [];
    }
}
