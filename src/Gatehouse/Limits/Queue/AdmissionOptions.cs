using Gatehouse.Configuration.Binding;

namespace Gatehouse.Limits.Queue;

[KeyDoc("How much the gateway takes on at a time, and who waits for how long when it is more. See docs/operations.md.")]
internal sealed record AdmissionOptions
{
    private const int MostAtOnce = 1_000_000;
    private const int MostWaiting = 100_000;

    [KeyDoc("Exchanges that run at the same time, a stream to its end. At most 1000000.", Default = "no limit")]
    public int? Concurrency { get; set; }

    [KeyDoc("Exchanges that may wait for their turn, with their bodies in memory; what is more is answered with 503 `overloaded`. At most 100000.")]
    public int Queue { get; set; } = 1000;

    [KeyDoc("The longest that one waits before it is answered with 503 `overloaded`. A call can ask for less with the header `x-gatehouse-deadline` (milliseconds).")]
    public TimeSpan MaxWait { get; set; } = TimeSpan.FromSeconds(10);

    public static void Validate(AdmissionOptions options, ConfigurationErrors errors)
    {
        if (options.Concurrency is { } concurrency)
        {
            errors.CheckNumber("admission.concurrency", concurrency, least: 1, MostAtOnce);
        }

        errors.CheckNumber("admission.queue", options.Queue, least: 0, MostWaiting);
        errors.CheckDuration("admission.max_wait", options.MaxWait);
    }
}
