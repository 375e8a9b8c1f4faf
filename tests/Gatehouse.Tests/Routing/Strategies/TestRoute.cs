using Gatehouse.Expressions;
using Gatehouse.Pipeline;
using Gatehouse.Routing;
using Gatehouse.Routing.Attempts;
using Gatehouse.Routing.Health;
using Gatehouse.Routing.Semantic;
using Gatehouse.Routing.Strategies;
using Gatehouse.Routing.Traits;
using Gatehouse.Tests.Harness;
using Gatehouse.Upstream;

namespace Gatehouse.Tests.Routing.Strategies;

/// <summary>Targets and exchanges for strategies, without a gateway around them.</summary>
internal static class TestRoute
{
    private static readonly HttpMessageInvoker NoTransport = new(new SocketsHttpHandler());

    private static readonly HealthModel Model = HealthModel.Default with { ConsecutiveFailures = 1_000_000, MinimumRequests = 1_000_000 };

    /// <param name="name"><c>provider/model</c>.</param>
    public static RouteTarget Target(string name, double weight = 1, TargetHealth? health = null)
    {
        var slash = name.IndexOf('/', StringComparison.Ordinal);
        var provider = new ProviderModel
        {
            Name = name[..slash],
            Entry = new ProviderEntry { Kind = name[..slash], Title = "" },
            Dialect = ProviderDialect.Openai,
            BaseUrl = "",
            Headers = [],
            DefaultHeaders = [],
            HasKey = true,
            Signer = null,
            SignerKey = null,
            Project = null,
            Location = null,
            Models = null,
            RequestStreamUsage = false,
            ApiVersion = null,
            Timeouts = TimeoutModel.Default,
            Transport = NoTransport,
            TransportKey = new TransportKey("", "", TimeSpan.Zero, ""),
        };
        return new RouteTarget(new Target(provider, name[(slash + 1)..]), health ?? Health()) { Weight = weight };
    }

    /// <summary>The one place where tests of strategies say how a target is.</summary>
    /// <param name="milliseconds">Of its first and only answer; 0 for none.</param>
    /// <param name="failures">Of its first attempts: one makes an error rate of 0.1.</param>
    /// <param name="isDown">Then its readiness is 0.1.</param>
    public static TargetHealth Health(double milliseconds = 0, int failures = 0, bool isDown = false, int inFlight = 0)
    {
        var health = new TargetHealth(Model, new ManualTime(), new Random(1));
        if (milliseconds > 0)
        {
            Attempt(pass => health.Succeeded(pass, TimeSpan.FromMilliseconds(milliseconds)));
        }

        for (var i = 0; i < failures; i++)
        {
            Attempt(pass => health.Failed(pass, Blame.Failure, null));
        }

        if (isDown)
        {
            Attempt(pass => health.Failed(pass, Blame.Eject, null));
        }

        for (var i = 0; i < inFlight; i++)
        {
            _ = health.Enter();
        }

        return health;

        void Attempt(Action<HealthPass> end)
        {
            var pass = health.Enter();
            end(pass);
            health.Leave(pass);
        }
    }

    /// <summary>Starts an attempt; returns what ends it.</summary>
    public static Action Enter(TargetHealth health)
    {
        var pass = health.Enter();
        return () => health.Leave(pass);
    }

    /// <summary>Targets <c>t0/m</c>, <c>t1/m</c>, ... of these weights.</summary>
    public static RouteTarget[] Targets(params double[] weights) => [.. weights.Select((weight, i) => Target($"t{i}/m", weight))];

    public static string[] Plan(RouteNode node, RouteContext context)
    {
        var plan = new RoutePlan(4);
        node.Plan(context, plan);
        return [.. plan.Order.ToArray().Select(target => target.Target.Name)];
    }

    /// <summary>How often each target was the first of the plan.</summary>
    public static Dictionary<string, int> FirstChoices(RouteNode node, RouteContext context, int calls)
    {
        var counts = node.Targets.ToDictionary(target => target.Target.Name, _ => 0, StringComparer.Ordinal);
        for (var i = 0; i < calls; i++)
        {
            counts[Plan(node, context)[0]]++;
        }

        return counts;
    }

    /// <summary>Five standard deviations of a binomial distribution: one false alarm in two million.</summary>
    public static void AssertShare(double expected, int count, int calls)
    {
        var deviation = Math.Sqrt(calls * expected * (1 - expected));
        Assert.InRange(count, (calls * expected) - (5 * deviation) - 1e-9, (calls * expected) + (5 * deviation) + 1e-9);
    }
}

internal sealed class TestContext(int seed = 1) : RouteContext
{
    public override Random Random { get; } = new Random(seed);

    public bool Rehearses { get; init; }

    public override bool IsRehearsal => Rehearses;

    public Dictionary<AffinitySource, string> Affinities { get; init; } = [];

    public int Input { get; init; } = 1000;

    public int Output { get; init; } = 100;

    public override string? Affinity(AffinitySource source) => Affinities.GetValueOrDefault(source);

    public RequestTraits Request { get; init; } = new();

    public string Text { get; init; } = "";

    public override RequestTraits Traits => Request;

    public IVariables? Values { get; init; }

    public override IVariables Variables => Values ?? throw new InvalidOperationException("This test has no variables.");

    public override string LastUserText => Text;

    public Dictionary<SemanticStrategy, SemanticChoice> Choices { get; } = [];

    public override SemanticChoice? Semantic(SemanticStrategy node) => Choices.TryGetValue(node, out var choice) ? choice : null;

    public override int InputTokens => Input;

    public override int OutputTokens => Output;
}
