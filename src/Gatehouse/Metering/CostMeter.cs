using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Metering;

/// <summary>Step 8: what the exchange cost.</summary>
internal static class CostMeter
{
    /// <summary>Of an answer that tells nothing of tokens, as rerankings do.</summary>
    private static readonly Usage NotTold = new();

    /// <summary>Sets the cost of an exchange that has a target and was answered; it stays null when usage or price are not known.</summary>
    public static void Settle(Exchange exchange)
    {
        var usage = exchange.Usage ?? (exchange.Outcome == ExchangeOutcome.Completed ? NotTold : null);
        if (usage is not null && exchange.Target is { Model.Length: > 0 } target
            && exchange.Snapshot.Catalog.PriceOf(target.Provider.Name, target.Provider.Entry.Kind, target.Model) is { } price)
        {
            exchange.CostNanoUsd = CostCalculator.Calculate(usage, price, exchange.ServiceTier, exchange.StartedAt)?.NanoUsd;
        }
    }
}
