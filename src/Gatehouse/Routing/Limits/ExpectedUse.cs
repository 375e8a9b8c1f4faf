namespace Gatehouse.Routing.Limits;

/// <summary>
/// What a request may use, in tokens, before it is known: the input as it is estimated from its bytes; as output what the caller allows, else
/// what is usual.
/// </summary>
internal readonly record struct ExpectedUse(long InputTokens, long OutputTokens)
{
    public static ExpectedUse Of(RouteContext context) => new(
        context.InputTokens,
        !context.Generates ? 0
            : context.Traits.MaxOutputTokens is { } cap ? (long)Math.Max(cap, 0) * Math.Max(context.Traits.Choices, 1)
            : context.OutputTokens);

    /// <summary>
    /// What is set aside of a limit. Output is no more than the limit leaves beside the input: callers allow far more than they
    /// get, and a limit that no request of theirs ever fits into would help nobody.
    /// </summary>
    public long Of(LimitRule rule) => rule.Unit switch
    {
        LimitUnit.Requests => 1,
        LimitUnit.InputTokens => InputTokens,
        LimitUnit.OutputTokens => Math.Min(OutputTokens, rule.Most),
        _ => Math.Max(InputTokens, Math.Min(InputTokens + OutputTokens, rule.Most)),
    };
}
