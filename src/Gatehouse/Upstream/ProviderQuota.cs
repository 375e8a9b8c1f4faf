namespace Gatehouse.Upstream;

/// <summary>What a provider says is left of an account's quota; null for what it does not tell.</summary>
internal readonly record struct ProviderQuota(long? RemainingRequests, DateTimeOffset? RequestsReset, long? RemainingTokens, DateTimeOffset? TokensReset);
