using Gatehouse.Pipeline;
using Gatehouse.Routing.Traits;

namespace Gatehouse.Routing;

/// <summary>What strategies may know of an exchange, found out when it is first asked for.</summary>
internal sealed class ExchangeContext(Exchange exchange, Random random) : RouteContext
{
    private RequestTraits? _traits;

    public override Random Random => random;

    public override RequestTraits Traits => _traits ??= RequestTraits.Of(exchange.Operation, exchange.Request);

    public override string LastUserText => Traits.LastUserText(exchange.Request.Body);

    public override int InputTokens => Traits.InputTokens;

    public override int OutputTokens => 256;

    public override long BodyBytes => exchange.Request.Body.Length;

    public override bool Generates => exchange.Operation.IsChat || exchange.Operation == Operation.Completion;

    public override string? Affinity(AffinitySource source) => source switch
    {
        AffinitySource.Key => exchange.Key!.Id,
        AffinitySource.Run => exchange.Run,
        AffinitySource.User => Traits.User,
        AffinitySource.Prompt => Traits.PromptPrefix == 0 ? null : Traits.PromptPrefix.ToString("x16", System.Globalization.CultureInfo.InvariantCulture),
        _ => null,
    };
}
