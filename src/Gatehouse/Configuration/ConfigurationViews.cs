namespace Gatehouse.Configuration;

internal sealed record ProviderView(
    string Name, string Kind, string Title, string Dialect, string BaseUrl, bool HasKey, bool RequestsStreamUsage, IReadOnlyList<string>? Models);

internal sealed record RevisionView(long Number, DateTimeOffset CreatedAt, string Cause);
