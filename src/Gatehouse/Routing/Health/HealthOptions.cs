using Gatehouse.Configuration.Binding;

namespace Gatehouse.Routing.Health;

[KeyDoc("When a target is passed over.")]
internal sealed record HealthOptions
{
    [KeyDoc("Failures in a row.")]
    public int ConsecutiveFailures { get; set; } = 5;
}

internal sealed record HealthModel(int ConsecutiveFailures)
{
    public static HealthModel Of(HealthOptions options) => new(options.ConsecutiveFailures);

    public static void Validate(HealthOptions options, string path, ConfigurationErrors errors) =>
        errors.CheckNumber($"{path}.consecutive_failures", options.ConsecutiveFailures, 1, 1000);
}
