namespace Gatehouse.Upstream.Credentials;

/// <summary>A credential that was asked for: either it, or the reason why there is none.</summary>
/// <param name="ExpiresAt">When it stops being accepted; <see cref="DateTimeOffset.MaxValue"/> for never.</param>
/// <param name="Error">Which source failed and how, and what can be configured; a sentence without its full stop.</param>
internal readonly record struct Fetched<T>(T? Value, DateTimeOffset ExpiresAt, string? Error)
    where T : class
{
    public static Fetched<T> Of(T value, DateTimeOffset expiresAt) => new(value, expiresAt, null);

    public static Fetched<T> Failed(string error) => new(null, default, error);
}
