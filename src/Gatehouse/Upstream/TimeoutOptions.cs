using Gatehouse.Configuration.Binding;

namespace Gatehouse.Upstream;

[KeyDoc("Time limits of calls to providers. A limit set at a route wins over its provider's, and that over the general one.")]
internal sealed record TimeoutOptions
{
    [KeyDoc("To connect, TLS included. At a route, the shorter of its own and the provider's holds.", Default = "10s")]
    public TimeSpan? Connect { get; set; }

    [KeyDoc("From sending the request to the first byte of the answer's body. The default is that of the official SDKs.", Default = "10m")]
    public TimeSpan? FirstByte { get; set; }

    [KeyDoc("Longest silence between two reads of an answer that has begun.", Default = "5m")]
    public TimeSpan? Idle { get; set; }

    [KeyDoc("The whole exchange, all attempts together.", Default = "1h")]
    public TimeSpan? Total { get; set; }
}

/// <summary>Time limits with every value decided.</summary>
internal sealed record TimeoutModel(TimeSpan Connect, TimeSpan FirstByte, TimeSpan Idle, TimeSpan Total)
{
    public static readonly TimeoutModel Default = new(
        Connect: TimeSpan.FromSeconds(10), FirstByte: TimeSpan.FromMinutes(10), Idle: TimeSpan.FromMinutes(5), Total: TimeSpan.FromHours(1));

    public TimeoutModel With(TimeoutOptions options) => new(
        options.Connect ?? Connect, options.FirstByte ?? FirstByte, options.Idle ?? Idle, options.Total ?? Total);

    public static void Validate(TimeoutOptions options, string path, ConfigurationErrors errors)
    {
        Check(options.Connect, "connect");
        Check(options.FirstByte, "first_byte");
        Check(options.Idle, "idle");
        Check(options.Total, "total");

        void Check(TimeSpan? value, string key)
        {
            if (value is { } given)
            {
                errors.CheckDuration($"{path}.{key}", given);
            }
        }
    }
}
