using System.ComponentModel;

namespace Gatehouse.Reports;

internal record RepricedSums
{
    public long Exchanges { get; set; }

    [Description("As in the ledger, of all exchanges whose cost is known.")]
    public long CostNanoUsd { get; set; }

    [Description("At the prices of the revision, of all exchanges that can be priced with it.")]
    public long RepricedNanoUsd { get; set; }

    [Description("Exchanges that have both.")]
    public long Compared { get; set; }

    [Description("Of the exchanges that have both: what they would have cost more; less when negative.")]
    public long DifferenceNanoUsd { get; set; }

    [Description("The ledger has a cost, and the revision cannot tell one: no price, or an answer that went on at another target.")]
    public long NotPriceable { get; set; }

    [Description("The ledger has no cost, and the revision has one.")]
    public long NewlyPriced { get; set; }

    public void Count(long? before, long? after)
    {
        Exchanges++;
        CostNanoUsd = UsageMeasures.Saturated(CostNanoUsd, before ?? 0);
        RepricedNanoUsd = UsageMeasures.Saturated(RepricedNanoUsd, after ?? 0);
        if (before is { } old && after is { } repriced)
        {
            Compared++;
            DifferenceNanoUsd = UsageMeasures.Saturated(DifferenceNanoUsd, repriced - old);
        }

        NotPriceable += before is not null && after is null ? 1 : 0;
        NewlyPriced += before is null && after is not null ? 1 : 0;
    }
}

internal sealed record RepricedGroupView : RepricedSums
{
    [Description("The value of each grouping; null for exchanges that have none.")]
    public required IReadOnlyDictionary<string, string?> Group { get; init; }
}

internal sealed record RepricedReportView(
    [property: Description("Rounded down to an hour.")] DateTimeOffset From,
    [property: Description("Exclusive, rounded up to an hour.")] DateTimeOffset To,
    string TimeZone,
    long PriceRevision,
    IReadOnlyList<string> GroupBy,
    RepricedSums Totals,
    IReadOnlyList<RepricedGroupView> Data);
