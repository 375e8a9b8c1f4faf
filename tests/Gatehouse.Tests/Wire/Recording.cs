namespace Gatehouse.Tests.Wire;

/// <summary>One call of a provider as it was recorded.</summary>
/// <param name="Number">Its place in the index; seeds what is random about its replay.</param>
/// <param name="Provider">Who answered, in the words of the archive.</param>
/// <param name="Request">The body of the request; null where only the response was recorded.</param>
internal sealed record Recording(
    int Number,
    string Id,
    string Provider,
    Uri Url,
    string? Model,
    int Status,
    bool IsEventStream,
    byte[]? Request,
    byte[] Response,
    IReadOnlyDictionary<string, string> RequestHeaders,
    IReadOnlyDictionary<string, string> ResponseHeaders)
{
    public bool IsSuccess => Status < 400;

    public string ContentType => ResponseHeaders.GetValueOrDefault("content-type") ?? (IsEventStream ? "text/event-stream" : "application/json");

    /// <summary>The path below the provider's base URL; the gateway has the same below <c>/v1</c>.</summary>
    public string Endpoint => Recordings.Endpoints.First(endpoint => Url.AbsolutePath.EndsWith(endpoint, StringComparison.Ordinal));
}
