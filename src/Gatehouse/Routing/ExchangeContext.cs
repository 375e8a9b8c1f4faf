using Gatehouse.Pipeline;

namespace Gatehouse.Routing;

/// <summary>What strategies may know of an exchange, found out when it is first asked for.</summary>
internal sealed class ExchangeContext(Exchange exchange, Random random) : RouteContext
{
    public override Random Random => random;

    public override int InputTokens => (int)Math.Min(exchange.Request.Body.Length / 4, int.MaxValue);

    public override int OutputTokens => 256;

    public override string? Affinity(AffinitySource source) => source switch
    {
        AffinitySource.Key => exchange.Key!.Id,
        AffinitySource.Run => exchange.Run,
        _ => null,
    };
}
