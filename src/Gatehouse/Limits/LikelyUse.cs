using Gatehouse.Metering;
using Gatehouse.Metering.Sizes;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Limits;

/// <summary>What a call will likely use at a target, in tokens.</summary>
/// <param name="OutputTokens">Not passed in about 98 of 100 calls.</param>
/// <param name="MostOutputTokens">What there must be room for: less than that is only enough where the size is known or the call can be ended.</param>
/// <param name="LeastOutputTokens">What must be there where nobody else holds anything.</param>
internal readonly record struct LikelyUse(long InputTokens, long OutputTokens, long MostOutputTokens, long LeastOutputTokens)
{
    /// <summary>Tokens of an answer while nothing is known of the answers of this key and model.</summary>
    private const long Typical = 1024;

    /// <summary>Tokens of an answer that nothing caps and of whose model nothing is known.</summary>
    private const long MostUsual = 16 * 1024;

    public static LikelyUse Of(Exchange exchange, Target target, OutputSizes sizes, InputScale scale)
    {
        if (exchange.Operation.CountsTokens || exchange.Request.Envelope is null)
        {
            return default;
        }

        var traits = exchange.Traits;
        var input = scale.Tokens(target.Model, traits.InputTokens, traits.UsesTools);
        if (!exchange.Operation.IsChat && exchange.Operation != Operation.Completion)
        {
            return new LikelyUse(input, 0, 0, 0);
        }

        var provider = target.Provider;
        var most = traits.MaxOutputTokens is { } cap ? (long)Math.Max(cap, 0) * Math.Max(traits.Choices, 1)
            : exchange.Snapshot.Catalog.Find(provider.Name, provider.Entry.Kind, target.Model)?.MaxOutput ?? MostUsual;
        var learned = sizes.Likely(exchange.Key!.Id, target.Model);
        var likely = Math.Min(learned ?? Typical, most);
        return exchange.Request.IsStream ? new LikelyUse(input, likely, likely, LeastOutputTokens: 1)
            : learned is not null ? new LikelyUse(input, likely, likely, likely)
            : new LikelyUse(input, likely, most, likely);
    }

    /// <summary>In nano-USD, at the price of its target; null when that is not known.</summary>
    public static long? CostOf(Exchange exchange, Target target, long inputTokens, long outputTokens) =>
        CostOf(exchange, target, new Usage { InputTokens = inputTokens, OutputTokens = outputTokens });

    /// <inheritdoc cref="CostOf(Exchange, Target, long, long)"/>
    public static long? CostOf(Exchange exchange, Target target, Usage usage) =>
        exchange.Snapshot.Catalog.PriceOf(target.Provider.Name, target.Provider.Entry.Kind, target.Model) is { } price
            ? CostCalculator.Calculate(usage, price, CostMeter.TierOf(exchange.Facts.ServiceTier), exchange.StartedAt)?.NanoUsd
            : null;
}
