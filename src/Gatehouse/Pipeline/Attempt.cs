namespace Gatehouse.Pipeline;

/// <summary>One try at one target.</summary>
/// <param name="Target"><c>provider/model</c>.</param>
/// <param name="Status">The target's HTTP status; null when there was no answer.</param>
/// <param name="Error">Why it failed; null when the answer was used.</param>
/// <param name="StartedUs">Microseconds after the start of the exchange.</param>
/// <param name="HeadersUs">Microseconds until the head of the answer, or the failure.</param>
internal sealed record Attempt(string Target, int? Status, string? Error, long StartedUs, long HeadersUs);
