namespace Gatehouse.Pipeline;

/// <summary>One try at one target.</summary>
/// <param name="Target"><c>provider/model</c>.</param>
/// <param name="Status">The target's HTTP status; null when there was no answer.</param>
/// <param name="Error">Why it failed; null when the answer was used.</param>
/// <param name="Kind">What kind of failure that is, of <see cref="FailureKind"/>.</param>
/// <param name="StartedUs">Microseconds after the start of the exchange.</param>
/// <param name="HeadersUs">Microseconds until the head of the answer, or the failure.</param>
internal sealed record Attempt(string Target, int? Status, string? Error, string? Kind, long StartedUs, long HeadersUs)
{
    public static Attempt Of(Target target, int? status, GatewayError? error, FailureKind? kind, TimeSpan started, TimeSpan toHead) => new(
        target.Name,
        status ?? error?.UpstreamStatus,
        error?.Traits.Name ?? (status >= 400 ? $"http_{status}" : null),
        kind?.Word(),
        (long)started.TotalMicroseconds,
        (long)toHead.TotalMicroseconds);
}
