using Gatehouse.Expressions;
using Gatehouse.Pipeline;
using Gatehouse.Routing.Semantic;
using Gatehouse.Routing.Strategies;
using Gatehouse.Routing.Traits;

namespace Gatehouse.Routing;

/// <summary>What strategies may know of an exchange, found out when it is first asked for.</summary>
internal sealed class ExchangeContext(Exchange exchange, Random random, bool isRehearsal = false) : RouteContext
{
    /// <summary>Tokens. What callers put a cap at is far above what models write.</summary>
    private const int TypicalOutput = 256;

    /// <summary>OpenAI takes no more.</summary>
    private const int MostChoices = 128;

    private RequestVariables? _variables;
    private Dictionary<SemanticStrategy, SemanticChoice>? _choices;

    public override Random Random => random;

    public override bool IsRehearsal => isRehearsal;

    public override RequestTraits Traits => exchange.Traits;

    public override string LastUserText => Traits.LastUserText(exchange.Request.Body);

    public override IVariables Variables => _variables ??= new RequestVariables(
        new RequestFacts
        {
            Model = exchange.Request.Model,
            Route = exchange.Route?.Name,
            Operation = exchange.Operation.Name,
            Dialect = exchange.Operation.Dialect,
            KeyName = exchange.Key!.Name,
            KeyId = exchange.Key.Id,
            Labels = exchange.Payer.Labels,
            Run = exchange.Run,
            StartedAt = exchange.StartedAt,
            Headers = exchange.Http.Request.Headers,
        },
        () => Traits,
        () => Traits.Metadata(exchange.Request.Body));

    public override SemanticChoice? Semantic(SemanticStrategy node) =>
        _choices is not null && _choices.TryGetValue(node, out var choice) ? choice
        : IsRehearsal ? node.Index.ChooseWithoutAsking(LastUserText)
        : null;

    /// <summary>Finds out what the semantic nodes of a route have to know, as their plans cannot wait.</summary>
    public async ValueTask ChooseAsync(IReadOnlyList<SemanticStrategy> nodes, CancellationToken cancellationToken)
    {
        foreach (var node in nodes)
        {
            (_choices ??= [])[node] = await node.Index.ChooseAsync(LastUserText, cancellationToken);
        }
    }

    public override int InputTokens => Traits.InputTokens;

    public override int OutputTokens => Math.Min(Traits.MaxOutputTokens ?? TypicalOutput, TypicalOutput) * Math.Clamp(Traits.Choices, 1, MostChoices);

    public override long BodyBytes => exchange.Request.Body.Length;

    public override bool Generates => exchange.Operation.IsChat || exchange.Operation == Operation.Completion;

    public override string? Affinity(AffinitySource source) => source switch
    {
        AffinitySource.Key => exchange.Key!.Id is { Length: > 0 } id ? id : null,
        AffinitySource.Run => exchange.Run,
        AffinitySource.User => Traits.User,
        AffinitySource.Prompt => Traits.PromptPrefix == 0 ? null : Traits.PromptPrefix.ToString("x16", System.Globalization.CultureInfo.InvariantCulture),
        _ => null,
    };
}
