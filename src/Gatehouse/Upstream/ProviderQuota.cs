namespace Gatehouse.Upstream;

/// <summary>What a provider's answer says is left of the account's rate limits; null where it says nothing.</summary>
/// <param name="RemainingRequests">Requests, of the window that has the fewest left.</param>
/// <param name="RequestsReset">When that window is full again.</param>
/// <param name="RemainingTokens">Tokens, of the window that has the fewest left.</param>
/// <param name="TokensReset">When that window is full again.</param>
internal readonly record struct ProviderQuota(long? RemainingRequests, DateTimeOffset? RequestsReset, long? RemainingTokens, DateTimeOffset? TokensReset);
