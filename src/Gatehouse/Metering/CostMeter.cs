using Gatehouse.Catalog;
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
        exchange.ServiceTier = TierOf(exchange.Facts.ServiceTier);
        if (exchange.Operation.CountsTokens)
        {
            // No provider charges for counting.
            exchange.CostNanoUsd = exchange.Outcome == ExchangeOutcome.Completed ? 0 : null;
            return;
        }

        var usage = exchange.Usage ?? (exchange.Outcome == ExchangeOutcome.Completed ? NotTold : null);
        if (usage is not null && exchange.Target is { Model.Length: > 0 } target
            && exchange.Snapshot.Catalog.PriceOf(target.Provider.Name, target.Provider.Entry.Kind, target.Model) is { } price)
        {
            exchange.CostNanoUsd = CostCalculator.Calculate(usage, price, exchange.ServiceTier, exchange.StartedAt)?.NanoUsd;
        }
    }

    /// <summary>OpenAI's, Anthropic's, Bedrock's and Google's words; what is not known is charged as standard.</summary>
    private static ServiceTier TierOf(string? word) => word?.ToLowerInvariant() switch
    {
        "batch" => ServiceTier.Batch,
        "flex" => ServiceTier.Flex,
        "priority" => ServiceTier.Priority,
        _ => ServiceTier.Standard,
    };
}
