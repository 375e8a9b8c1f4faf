using System.ComponentModel;

namespace Gatehouse.Routing.Health;

internal sealed record RefusalView(string Text, DateTimeOffset Time);

internal sealed record TargetHealthView(
    [property: Description("closed (used), open (left alone) or half_open (one trial decides).")] string State,
    [property: Description("When the next trial may be made; null while closed.")] DateTimeOffset? EjectedUntil,
    [property: Description("Why the circuit breaker opened the last time; null if it never did.")] string? Reason,
    [property: Description("What the last failure says of the target: failure, refused (credential, account or model), eject (no use in trying), quota (429) or none (not its fault).")] string? LastBlame,
    [property: Description("Moving average of failed requests, 0 to 1.")] double ErrorRate,
    [property: Description("To the head of the answer: a moving average that follows peaks at once. Null before the first answer.")] double? LatencyMs,
    [property: Description("95th percentile of the time to the head of the answer in the last five to ten minutes; null below 20 answers.")] double? P95Ms,
    [property: Description("Attempts that run now.")] int InFlight,
    int ConsecutiveFailures,
    [property: Description("Share of its ordinary traffic that it gets, 0 to 1: below 1 for a while after it came back.")] double Readiness,
    [property: Description("Its provider has no room for this account until then; null when it has.")] DateTimeOffset? QuotaUntil,
    [property: Description("How often the circuit breaker opened since the start.")] long OpenedCount,
    [property: Description("The last time that it was not used, and why.")] RefusalView? LastRefusal);
