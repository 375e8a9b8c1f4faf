using Gatehouse.Pipeline;

namespace Gatehouse.Metering;

/// <summary>Step 8: what the exchange cost.</summary>
internal static class CostMeter
{
    /// <summary>Sets the cost of an exchange that has a target and told its usage; it stays null when the price is not known.</summary>
    public static void Settle(Exchange exchange)
    {
        if (exchange is { Target: { Model.Length: > 0 } target, Usage: { } usage }
            && exchange.Snapshot.Catalog.PriceOf(target.Provider.Name, target.Provider.Entry.Kind, target.Model) is { } price)
        {
            exchange.CostNanoUsd = CostCalculator.Calculate(usage, price, exchange.ServiceTier, exchange.StartedAt)?.NanoUsd;
        }
    }
}
