using Gatehouse.Configuration.Binding;
using Gatehouse.Routing.Probes;

namespace Gatehouse.Routing.Health;

/// <summary>The limits of <see cref="HealthOptions"/>, compiled.</summary>
internal sealed record HealthModel(
    int ConsecutiveFailures, double ErrorRate, int MinimumRequests, TimeSpan Window, TimeSpan Cooldown, TimeSpan MaxCooldown, TimeSpan SlowStart)
{
    public static readonly HealthModel Default = Of(new HealthOptions());

    /// <summary>Null where providers are not asked.</summary>
    public ProbeModel? Probe { get; init; }

    public static HealthModel Of(HealthOptions options) => new(
        options.ConsecutiveFailures,
        (double)options.ErrorRate,
        options.MinimumRequests,
        options.Window,
        options.Cooldown,
        options.MaxCooldown,
        options.SlowStart)
    {
        Probe = ProbeModel.Of(options.Probe),
    };

    public static void Validate(HealthOptions options, string path, ConfigurationErrors errors)
    {
        const int Most = 1_000_000;
        errors.CheckNumber($"{path}.consecutive_failures", options.ConsecutiveFailures, 1, Most);
        errors.CheckNumber($"{path}.minimum_requests", options.MinimumRequests, 1, Most);
        if (options.ErrorRate is <= 0 or > 1)
        {
            errors.Add($"{path}.error_rate", "must be above 0 and at most 1");
        }

        errors.CheckDuration($"{path}.window", options.Window);
        errors.CheckDuration($"{path}.cooldown", options.Cooldown);
        errors.CheckDuration($"{path}.max_cooldown", options.MaxCooldown);
        errors.CheckDuration($"{path}.slow_start", options.SlowStart, canBeZero: true);
        ProbeModel.Validate(options.Probe, $"{path}.probe", errors);
        if (options.MaxCooldown < options.Cooldown)
        {
            errors.Add($"{path}.max_cooldown", $"must be at least cooldown ({Duration.Format(options.Cooldown)})");
        }
    }
}
