using System.Globalization;

namespace Gatehouse.Catalog;

/// <summary>
/// Names one price of a model: <c>input</c>, <c>input&gt;200000</c> (for all of a request whose input is longer), <c>input@batch</c>,
/// <c>input&gt;200000@priority</c>.
/// </summary>
/// <param name="Above">Tokens of input; the price holds for requests with more. 0: for all.</param>
internal readonly record struct PriceKey(PriceKind Kind, int Above = 0, ServiceTier Tier = ServiceTier.Standard)
{
    /// <summary>By tier, then by length of the input, then by kind.</summary>
    public static readonly Comparer<PriceKey> Order = Comparer<PriceKey>.Create((a, b) => (a.Tier, a.Above, a.Kind).CompareTo((b.Tier, b.Above, b.Kind)));

    public static PriceKey? Parse(string text)
    {
        var (rest, tier, above) = (text, ServiceTier.Standard, 0);
        if (rest.IndexOf('@', StringComparison.Ordinal) is >= 0 and var at)
        {
            if (!Enum.TryParse(rest[(at + 1)..], ignoreCase: true, out tier))
            {
                return null;
            }

            rest = rest[..at];
        }

        if (rest.IndexOf('>', StringComparison.Ordinal) is >= 0 and var greater)
        {
            if (!int.TryParse(rest.AsSpan(greater + 1), NumberStyles.None, CultureInfo.InvariantCulture, out above))
            {
                return null;
            }

            rest = rest[..greater];
        }

        return PriceKinds.Parse(rest) is { } kind ? new PriceKey(kind, above, tier) : null;
    }

    public override string ToString() => Kind.Name()
        + (Above == 0 ? "" : $">{Above.ToString(CultureInfo.InvariantCulture)}")
        + (Tier == ServiceTier.Standard ? "" : $"@{Tier.ToString().ToLowerInvariant()}");
}
