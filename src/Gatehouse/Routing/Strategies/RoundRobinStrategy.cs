namespace Gatehouse.Routing.Strategies;

/// <summary>
/// <c>round_robin</c>: the children take turns, each as often in a round as its weight says, its turns spread over the round: weights 3, 1
/// and 1 give a b a c a. Counts are exact over every round, however many exchanges arrive at once. A round has at most 10,000 turns: finer
/// differences of weights are rounded, never to nothing.
/// <para>The other children follow in ring order, from one further in each round, so that the calls of one that fails are spread over all the
/// others. A child that is down or has just come back is passed over as often as it is not ready yet, and then comes last. Each process takes its own
/// turns.</para>
/// </summary>
internal sealed class RoundRobinStrategy : StrategyNode
{
    private const int LongestRound = 10_000;

    private readonly Branch[] _ring;
    private readonly Branch[] _reserve;
    private readonly int[] _turns;
    private long _next = -1;

    public RoundRobinStrategy(IReadOnlyList<RouteNode> children)
        : base(children)
    {
        _ring = [.. Branches.Where(branch => !branch.IsReserve)];
        _reserve = [.. Branches.Where(branch => branch.IsReserve)];
        _turns = TurnsOf(CountsOf(Array.ConvertAll(_ring, branch => branch.Weight)));
    }

    public override void Plan(RouteContext context, RoutePlan plan)
    {
        if (_ring.Length > 0)
        {
            var (turn, round) = At(context.IsRehearsal ? Interlocked.Read(ref _next) + 1 : Interlocked.Increment(ref _next));
            var first = _ring[turn];
            var isPassedOver = IsPassedOver(context, first);
            if (!isPassedOver)
            {
                first.Node.Plan(context, plan);
            }

            for (var i = 1; i < _ring.Length; i++)
            {
                _ring[Other(turn, round, i)].Node.Plan(context, plan);
            }

            if (isPassedOver)
            {
                first.Node.Plan(context, plan);
            }
        }

        foreach (var branch in _reserve)
        {
            branch.Node.Plan(context, plan);
        }
    }

    public override string Explain(RouteContext context)
    {
        if (_ring is [])
        {
            return _reserve is [var reserve, ..]
                ? $"round_robin: {reserve.Label} first, as written: all have weight 0{reserve.Continued(context)}"
                : "round_robin: no targets";
        }

        var (turn, round) = At(Interlocked.Read(ref _next) + 1);
        var first = _ring[turn];
        var second = _ring.Length > 1 && IsPassedOver(context, first) ? _ring[Other(turn, round, 1)] : first;
        var readiness = first.Readiness;
        var why = readiness < 1 && _ring.Length > 1
            ? $", which is {readiness:0.#%} ready, or {_ring[Other(turn, round, 1)].Label} if it is passed over"
            : $" ({_turns.Count(other => other == turn)} of {_turns.Length} in a round)";
        return $"round_robin: it is the turn of {first.Label}{why}{second.Continued(context)}";
    }

    private (int Turn, ulong Round) At(long count)
    {
        // As unsigned it may overflow.
        var (round, turn) = Math.DivRem((ulong)count, (ulong)_turns.Length);
        return (_turns[turn], round);
    }

    /// <param name="place">1 for the one after the first.</param>
    private int Other(int turn, ulong round, int place)
    {
        var others = (ulong)_ring.Length - 1;
        return (int)(((ulong)turn + 1 + (((ulong)place - 1 + (round % others)) % others)) % (ulong)_ring.Length);
    }

    private static bool IsPassedOver(RouteContext context, Branch branch) =>
        branch.Readiness is < 1 and var readiness && context.Random.NextDouble() >= readiness;

    /// <summary>The turns of each in the shortest round that is exact, else in the longest one.</summary>
    private static int[] CountsOf(double[] weights)
    {
        const double Exact = 1e-9;
        var sum = weights.Sum();
        for (var length = weights.Length; length <= LongestRound; length++)
        {
            if (Array.TrueForAll(weights, weight => weight / sum * length is var share && Math.Abs(share - Math.Round(share)) < Exact && share > 0.5))
            {
                return Counts(length);
            }
        }

        return Counts(LongestRound);

        int[] Counts(int length) => Array.ConvertAll(weights, weight => Math.Max(1, (int)Math.Round(weight / sum * length)));
    }

    /// <summary>
    /// Smooth weighted round robin, as in nginx (ngx_http_upstream_round_robin.c, 2012): everyone gains its weight at each turn, the one with
    /// the most has the turn and pays the sum of all.
    /// </summary>
    private static int[] TurnsOf(int[] counts)
    {
        var turns = new int[counts.Sum()];
        var credit = new int[counts.Length];
        for (var turn = 0; turn < turns.Length; turn++)
        {
            var most = 0;
            for (var i = 0; i < credit.Length; i++)
            {
                credit[i] += counts[i];
                most = credit[i] > credit[most] ? i : most;
            }

            credit[most] -= turns.Length;
            turns[turn] = most;
        }

        return turns;
    }
}
