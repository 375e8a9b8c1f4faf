using Gatehouse.Catalog;

namespace Gatehouse.Routing;

/// <summary>What an exchange may be expected to cost, before it is sent: all of its input uncached and at the standard tier.</summary>
/// <param name="time">Some prices change on a day that is known before.</param>
internal sealed class ExpectedCost(ModelCatalog catalog, TimeProvider time)
{
    /// <summary>In nano-USD; null when the target's prices are not known.</summary>
    public decimal? Of(RouteTarget target, RouteContext context)
    {
        var (provider, model) = (target.Target.Provider, target.Target.Model);
        return catalog.PriceOf(provider.Name, provider.Entry.Kind, model) is { } price
            ? Of(price, context.InputTokens, context.OutputTokens, time.GetUtcNow())
            : null;
    }

    /// <summary>As the cost of an exchange is computed, without the details that only an answer tells.</summary>
    public static decimal? Of(ModelPrice price, int inputTokens, int outputTokens, DateTimeOffset at)
    {
        if (price.CardFor(ServiceTier.Standard, inputTokens, at) is not { } card)
        {
            return null;
        }

        var each = card[PriceKind.Request];
        if (card[PriceKind.Input] is not { } input)
        {
            // Sold by the request alone, such as a reranking.
            return card[PriceKind.Output] is null ? each : null;
        }

        var output = outputTokens == 0 ? 0 : card[PriceKind.Output];
        return (inputTokens * input) + (outputTokens * output) + (each ?? 0);
    }
}
