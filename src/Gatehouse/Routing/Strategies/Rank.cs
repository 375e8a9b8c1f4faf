namespace Gatehouse.Routing.Strategies;

/// <summary>A child's place in an order: by tier, then by score, then by the tie's number, then as written. The least is tried first.</summary>
internal readonly record struct Rank(int Index, RankTier Tier, double Score, double Tie = 0)
{
    public static int Compare(Rank a, Rank b)
    {
        var order = ((int)a.Tier).CompareTo((int)b.Tier);
        order = order != 0 ? order : a.Score.CompareTo(b.Score);
        order = order != 0 ? order : a.Tie.CompareTo(b.Tie);
        return order != 0 ? order : a.Index.CompareTo(b.Index);
    }

    /// <summary>
    /// A child's number in a drawing of lots: children in ascending order of it are a random order without replacement, the chance of each
    /// to be next being its weight's share of what is left (Efraimidis and Spirakis, 2006, with exponential keys).
    /// </summary>
    /// <param name="fraction">Evenly distributed, above 0 and at most 1.</param>
    /// <param name="weight">Above 0.</param>
    public static double Lot(double fraction, double weight) => -Math.Log(fraction) / weight;

    /// <summary>As <see cref="Lot(double,double)"/>, by chance.</summary>
    public static double Lot(Random random, double weight) => Lot(1 - random.NextDouble(), weight);
}

/// <summary>All children of one tier come before those of the next, whatever their scores.</summary>
internal enum RankTier
{
    First,

    Second,

    Ordinary,

    /// <summary>Cannot be compared with the others.</summary>
    Unknown,

    /// <summary>Its weight is 0.</summary>
    Reserve,
}
