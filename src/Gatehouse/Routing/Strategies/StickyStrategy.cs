namespace Gatehouse.Routing.Strategies;

/// <summary>
/// <c>sticky</c>: exchanges that have the same key, user, run or beginning of the prompt go to the same child, so that its provider's prompt
/// cache stays warm. Over many values each child gets a share by its weight.
/// <para>It is a weighted rendezvous hash (Thaler and Ravishankar, 1998; weights by Schindelhauer and Schomaker, 2005) of the value and the
/// names of the child's targets: nothing is stored, all processes agree, the order of the children does not matter, and when one is added or
/// removed only its own share moves. The second and all further choices stick as well: while the first is down, an exchange goes to the same
/// second. A child that has come back gets its share again bit by bit, as it becomes ready.</para>
/// <para>An exchange without that value sticks by its run; one without a run is placed at random.</para>
/// </summary>
internal sealed class StickyStrategy : RankedStrategy
{
    private readonly AffinitySource _source;
    private readonly ulong[] _identities;

    public StickyStrategy(IReadOnlyList<RouteNode> children, AffinitySource source)
        : base(children)
    {
        _source = source;
        _identities = Array.ConvertAll(Branches, branch => branch.Identity);
        for (var i = 1; i < _identities.Length; i++)
        {
            // The same targets a second time have a share of their own.
            while (_identities.AsSpan(0, i).Contains(_identities[i]))
            {
                _identities[i] = StableHash.Combine(_identities[i], 1);
            }
        }
    }

    protected override void RankAll(RouteContext context, Span<Rank> ranks)
    {
        var key = StickyKey.Of(context, _source);
        for (var i = 0; i < ranks.Length; i++)
        {
            var branch = Branches[i];
            ranks[i] = branch.IsReserve
                ? new Rank(i, RankTier.Reserve, 0)
                : new Rank(i, RankTier.Ordinary, Rank.Lot(FractionOf(key, i), branch.Weight * branch.Readiness));
        }
    }

    protected override string Explain(RouteContext context, ReadOnlySpan<Rank> ranks) => OnlyReserves(ranks[0]) is { } reserves
        ? $"sticky: {reserves}"
        : $"sticky: {Branches[ranks[0].Index].Label} {Reason(StickyKey.Of(context, _source))}";

    private double FractionOf(StickyKey key, int index) => StableHash.ToFraction(StableHash.Combine(key.Hash, _identities[index]));

    private static string Reason(StickyKey key) => key.Source is { } source ? $"by the {source}" : "at random, as there is nothing to stick to";
}
