using Gatehouse.Configuration.Binding;

namespace Gatehouse.Routing.Probes;

[KeyDoc("Asks providers whether they are there while no exchange does: a target that died is noticed, and one that is back is found, without traffic. What is asked for is the provider's list of models, which costs nothing.")]
internal sealed record ProbeOptions
{
    [KeyDoc("How long a target must have had no traffic before its provider is asked, and how often then, give or take 10 %; at least 1s.", Default = "none: providers are not asked")]
    public TimeSpan? Every { get; set; }

    [KeyDoc("How long the answer may take.")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(5);

    [KeyDoc("What to GET instead of the list of models, below the provider's `base_url`.", Default = "the list of models")]
    public string? Path { get; set; }
}

/// <summary>Probes of one route, compiled.</summary>
/// <param name="Path">Null for the list of models.</param>
internal sealed record ProbeModel(TimeSpan Every, TimeSpan Timeout, string? Path)
{
    private static readonly TimeSpan LeastInterval = TimeSpan.FromSeconds(1);

    /// <returns>Null where providers are not asked.</returns>
    public static ProbeModel? Of(ProbeOptions options) => options.Every is { } every ? new(every, options.Timeout, options.Path) : null;

    public static void Validate(ProbeOptions options, string path, ConfigurationErrors errors)
    {
        if (options.Every is { } every)
        {
            errors.CheckDuration($"{path}.every", every);
            if (every < LeastInterval)
            {
                errors.Add($"{path}.every", $"must be at least {Duration.Format(LeastInterval)}");
            }
        }

        else if (options != new ProbeOptions())
        {
            errors.Add(path, "needs every, such as every: 30s; without it providers are not asked");
        }

        errors.CheckDuration($"{path}.timeout", options.Timeout);
        if (options.Path is { } given && (!given.StartsWith('/') || !Uri.IsWellFormedUriString(given, UriKind.Relative)))
        {
            errors.Add($"{path}.path", $"'{given}' is not a path that begins with /");
        }
    }
}
