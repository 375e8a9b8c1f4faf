namespace Gatehouse.Routing.Strategies;

/// <summary>
/// <c>least_latency</c>: two children are picked at random, and the one with the lower score is tried first, the other one second, then the
/// rest by their scores. Choosing between two (Mitzenmacher, "The power of two choices", 2001) finds the fast ones without all gateways
/// running to the same one.
/// <para>The score is the time that a call may expect: the moving average of the time to the head of the answer, in which a slow answer counts at
/// once and fast ones bit by bit, times the calls that would then be in flight, times 1 + 10 times the share of failures (one failure in ten counts
/// like twice the time), divided by the readiness. A child that is a strategy has the score of its best target.</para>
/// <para>A target that has not answered yet is taken to be twice as fast as the fastest known one: it is tried soon, and as long as its first
/// answers are not there, the calls that wait for them keep further ones away. Weights have no meaning but 0.</para>
/// </summary>
internal sealed class LeastLatencyStrategy(IReadOnlyList<RouteNode> children) : RankedStrategy(children)
{
    private const double FailurePenalty = 10;

    protected override void RankAll(RouteContext context, Span<Rank> ranks)
    {
        var (ordinary, fastest) = (0, double.PositiveInfinity);
        for (var i = 0; i < ranks.Length; i++)
        {
            if (Branches[i].IsReserve)
            {
                ranks[i] = new Rank(i, RankTier.Reserve, 0);
            }
            else
            {
                ordinary++;
                var (tried, untried) = ScoresOf(Branches[i], ref fastest);
                ranks[i] = new Rank(i, RankTier.Ordinary, tried, untried);
            }
        }

        // Only now is it known how fast the fastest one is.
        var assumed = double.IsFinite(fastest) ? fastest / 2 : 1;
        foreach (ref var rank in ranks)
        {
            rank = rank with { Score = Math.Min(rank.Score, rank.Tie * assumed), Tie = 0 };
        }

        if (ordinary >= 2)
        {
            PreferOneOfTwo(context.Random, ranks, ordinary);
        }
    }

    protected override string Explain(RouteContext context, ReadOnlySpan<Rank> ranks) => OnlyReserves(ranks[0]) is { } reserves
        ? $"least_latency: {reserves}"
        : ranks is [_, { Tier: RankTier.Second }, ..]
            ? $"least_latency: of two at random {Described(ranks[0])} is better than {Described(ranks[1])}"
            : $"least_latency: {Described(ranks[0])} is the only choice";

    private string Described(Rank rank)
    {
        var branch = Branches[rank.Index];
        var latency = 0.0;
        foreach (var target in branch.Targets)
        {
            latency = target.Health!.LatencyMicroseconds is > 0 and var known && (latency == 0 || known < latency) ? known : latency;
        }

        return $"{branch.Label} ({(latency == 0 ? "not tried yet" : $"{latency / 1000:0.#} ms")}, {branch.InFlight} in flight)";
    }

    /// <summary>The best of the targets that have answered, and of the others the best by all but the latency; infinite where there is none.</summary>
    private static (double Tried, double Untried) ScoresOf(Branch branch, ref double fastest)
    {
        var (tried, untried) = (double.PositiveInfinity, double.PositiveInfinity);
        foreach (var target in branch.Targets)
        {
            var health = target.Health!;
            var latency = health.LatencyMicroseconds;
            var burden = (health.InFlight + 1) * (1 + (FailurePenalty * health.ErrorRate)) / health.Readiness;
            if (latency > 0)
            {
                (fastest, tried) = (Math.Min(fastest, latency), Math.Min(tried, latency * burden));
            }
            else
            {
                untried = Math.Min(untried, burden);
            }
        }

        return (tried, untried);
    }

    private static void PreferOneOfTwo(Random random, Span<Rank> ranks, int ordinary)
    {
        // Which of the two is drawn first is random too: so are ties.
        var a = random.Next(ordinary);
        var b = random.Next(ordinary - 1);
        ref var one = ref Ordinary(ranks, a);
        ref var other = ref Ordinary(ranks, b < a ? b : b + 1);
        var isBetter = one.Score <= other.Score;
        one = one with { Tier = isBetter ? RankTier.First : RankTier.Second };
        other = other with { Tier = isBetter ? RankTier.Second : RankTier.First };
    }

    private static ref Rank Ordinary(Span<Rank> ranks, int number)
    {
        var i = 0;
        while (ranks[i].Tier == RankTier.Reserve || number-- > 0)
        {
            i++;
        }

        return ref ranks[i];
    }
}
