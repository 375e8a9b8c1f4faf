namespace Gatehouse.Upstream;

/// <summary>What a provider says is left of its limits for this account, and when it will be whole again; null where it says nothing.</summary>
internal readonly record struct ProviderQuota(long? RemainingRequests, DateTimeOffset? RequestsReset, long? RemainingTokens, DateTimeOffset? TokensReset);
