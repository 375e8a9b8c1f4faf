namespace Gatehouse.Hosting;

/// <summary>What the gateway takes from outside, so that tests can put their own in its place.</summary>
/// <param name="Variable">Reads an environment variable.</param>
internal sealed record GatewayEnvironment(TimeProvider Time, ILoggerFactory Logging, Func<string, string?> Variable);
