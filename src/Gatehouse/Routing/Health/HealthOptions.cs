using Gatehouse.Configuration.Binding;
using Gatehouse.Routing.Probes;

namespace Gatehouse.Routing.Health;

[KeyDoc("When a target of the route counts as broken, and how it comes back: a circuit breaker for each target.")]
internal sealed record HealthOptions
{
    // Five in a row: at one failure in ten, which is a bad hour of a provider and no outage, that happens by chance once in 100,000 requests.
    [KeyDoc("Failures in a row after which the target is left alone. Failures are 5xx, timeouts and broken connections and streams; not 429, and not what a request is to blame for.")]
    public int ConsecutiveFailures { get; set; } = 5;

    // A target that fails every other time costs more in tries than it answers.
    [KeyDoc("Share of failed requests in the window from which on the target is left alone, above 0 and at most 1.")]
    public decimal ErrorRate { get; set; } = 0.5m;

    // With 20 requests a true rate of 0.2 shows as 0.5 or more once in 400 times.
    [KeyDoc("Requests that the window must hold before `error_rate` says anything.")]
    public int MinimumRequests { get; set; } = 20;

    // Long enough to hold 20 requests of a route with little traffic, short enough to notice an outage while it is young.
    [KeyDoc("How far `error_rate` looks back.")]
    public TimeSpan Window { get; set; } = TimeSpan.FromSeconds(30);

    // Most troubles of a provider are over in seconds, and what finds out is a single request.
    [KeyDoc("How long a target is left alone the first time; then one request tries it. Each failed trial doubles it, give or take 10 %. A `retry-after` of the target is waited for.")]
    public TimeSpan Cooldown { get; set; } = TimeSpan.FromSeconds(5);

    [KeyDoc("What doubling ends at.")]
    public TimeSpan MaxCooldown { get; set; } = TimeSpan.FromMinutes(5);

    // A service that comes back has empty caches and a queue of everybody's retries.
    [KeyDoc("For how long after its return a target's share of the traffic grows from a tenth to the whole; 0s for at once.")]
    public TimeSpan SlowStart { get; set; } = TimeSpan.FromSeconds(30);

    public ProbeOptions Probe { get; set; } = new();
}
