using Gatehouse.Catalog;
using Gatehouse.Pipeline;
using Gatehouse.Routing.Capabilities;
using Gatehouse.Routing.Health;
using Gatehouse.Routing.Limits;

namespace Gatehouse.Routing;

/// <summary>A leaf of a route: a target with what the route has to say about it.</summary>
/// <param name="health">Of this target in this route; it outlives a reload. Null for a target without a route: it is tried whatever happened before.</param>
internal sealed class RouteTarget(Target target, TargetHealth? health) : RouteNode
{
    private volatile TargetSkip? _lastSkip;

    public Target Target => target;

    public TargetHealth? Health => health;

    /// <summary>What the catalogue knows of the model.</summary>
    public CatalogEntry? Facts { get; init; }

    /// <summary>Tokens; null when it is not known.</summary>
    public long? ContextWindow => Facts?.Context;

    public TargetCapabilities Capabilities { get; init; } = TargetCapabilities.Unknown;

    /// <summary>Of this target in this route; it outlives a reload. Null for none.</summary>
    public TargetLimits? Limits { get; set; }

    /// <summary>Put in force with the route.</summary>
    public LimitModel? LimitRules { get; set; }

    public override bool LeadsAllAlike => true;

    public override IEnumerable<RouteTarget> Targets => [this];

    /// <summary>The last time that it was passed over, for whatever reason; null when it never was.</summary>
    public TargetSkip? LastSkip
    {
        get
        {
            var refusal = health?.View().LastRefusal;
            return refusal is null || _lastSkip?.At > refusal.Time ? _lastSkip : new TargetSkip(refusal.Time, refusal.Text);
        }
    }

    /// <summary>
    /// Why the exchange would not go here now, whatever the target's health, to follow its name; null when it may. Nothing is changed by the question.
    /// </summary>
    public string? WhyNot(RouteContext context) => Capabilities.MissingFor(context).Text() ?? LimitsFor(context).Text();

    /// <summary>Whether the model has all that the request needs.</summary>
    public bool Suits(RouteContext context, DateTimeOffset at)
    {
        var missing = Capabilities.MissingFor(context);
        if (missing.Any)
        {
            _lastSkip = new TargetSkip(at, missing);
        }

        return !missing.Any;
    }

    /// <summary>Lets one attempt in as far as its limits go.</summary>
    public bool TryReserve(RouteContext context, DateTimeOffset at, out LimitPass? pass)
    {
        pass = null;
        if (Limits is not { } limits)
        {
            return true;
        }

        var refusal = limits.TryEnter(UseOf(context), out pass);
        if (refusal.IsRefused)
        {
            _lastSkip = new TargetSkip(at, refusal);
        }

        return !refusal.IsRefused;
    }

    /// <summary>What its limits would say.</summary>
    public LimitRefusal LimitsFor(RouteContext context) => Limits?.Check(UseOf(context)) ?? default;

    public override void Plan(RouteContext context, RoutePlan plan) => plan.Add(this);

    public override string Explain(RouteContext context) => target.Name;

    private ExpectedUse UseOf(RouteContext context) => Limits!.CountsTokens ? ExpectedUse.Of(context) : default;
}
