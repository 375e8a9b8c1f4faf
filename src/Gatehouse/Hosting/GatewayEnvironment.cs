namespace Gatehouse.Hosting;

/// <summary>What the gateway takes from outside, so that tests can put their own in its place.</summary>
/// <param name="Random">For everything that is left to chance but secrets; safe for use by many threads.</param>
/// <param name="Variable">Reads an environment variable.</param>
internal sealed record GatewayEnvironment(TimeProvider Time, Random Random, ILoggerFactory Logging, Func<string, string?> Variable);
