using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Gatehouse.Caching;
using Gatehouse.Limits;

namespace Gatehouse.Identity;

/// <summary>The SHA-256 of a key's secret: all that is ever kept of it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct KeyHash
{
    private readonly ulong _a;
    private readonly ulong _b;
    private readonly ulong _c;
    private readonly ulong _d;

    private KeyHash(ReadOnlySpan<byte> sha256)
    {
        var parts = MemoryMarshal.Cast<byte, ulong>(sha256);
        (_a, _b, _c, _d) = (parts[0], parts[1], parts[2], parts[3]);
    }

    public static KeyHash Of(ReadOnlySpan<char> secret)
    {
        Span<byte> utf8 = stackalloc byte[1024];
        Span<byte> hash = stackalloc byte[32];
        if (!Encoding.UTF8.TryGetBytes(secret, utf8, out var written))
        {
            // Longer than any key can be. All zeros are the hash of no secret that anybody knows.
            return default;
        }

        _ = SHA256.HashData(utf8[..written], hash);
        return new KeyHash(hash);
    }

    public static KeyHash FromHex(string hex) => new(Convert.FromHexString(hex));

    public string ToHex() => Convert.ToHexStringLower(MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>([_a, _b, _c, _d])));

    // All 256 bits are compared whatever the first ones say. The hash already keeps a caller from steering the comparison.
    public bool Equals(KeyHash other) => ((_a ^ other._a) | (_b ^ other._b) | (_c ^ other._c) | (_d ^ other._d)) == 0;

    public override int GetHashCode() => (int)_a;
}

internal enum KeyOwner
{
    /// <summary>gatehouse.yaml; the API cannot change it.</summary>
    File,

    /// <summary>The admin API; kept in the database.</summary>
    Api,
}

/// <summary>A key that may call the gateway.</summary>
internal sealed record ApiKey(string Id, string Name, KeyHash Hash, KeyOwner Owner)
{
    /// <summary>The first characters of the secret, to recognise it by.</summary>
    public string Hint { get; init; } = "";

    public IReadOnlyList<string> Models { get; init; } = [];

    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>The highest class that the key's exchanges can have; the one that they have when they name none.</summary>
    public PriorityClass Priority { get; init; } = PriorityClass.Default;

    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>As written; what they are compiled to is a matter of <see cref="Limits"/>.</summary>
    public IReadOnlyList<LimitOptions> Limits { get; init; } = [];

    /// <summary>How answers to its calls are kept; null when it does not say.</summary>
    public CacheRule? Cache { get; init; }

    public IReadOnlyDictionary<string, string> Labels => Payer.Labels;

    /// <summary>Who pays for what it does.</summary>
    public Payer Payer { get; init; } = Payer.Nobody;

    /// <summary>Whether the key may call a route.</summary>
    public bool AllowsRoute(string route) => Models.Any(pattern => Glob.Matches(pattern, route));

    /// <summary>Whether the key may call a model of a provider directly. A pattern without a slash is a model id, whoever serves it.</summary>
    public bool AllowsModel(string provider, string model) => Models.Any(pattern =>
        pattern.Contains('/', StringComparison.Ordinal) ? Glob.MatchesPair(pattern, provider, model) : Glob.Matches(pattern, model));

    /// <summary>Whether the key may use the whole of a provider: relayed paths can name any model, or none.</summary>
    public bool AllowsProvider(string provider) => Models.Any(pattern =>
        pattern == "*" || (pattern.EndsWith("/*", StringComparison.Ordinal) && Glob.Matches(pattern.AsSpan(..^2), provider)));

    /// <summary>Whether a pattern names the provider, for some or all of its models.</summary>
    public bool AllowsSomeOf(string provider) => Models.Any(pattern =>
        pattern == "*" || (pattern.IndexOf('/', StringComparison.Ordinal) is > 0 and var slash && Glob.Matches(pattern.AsSpan(..slash), provider)));

    /// <summary>How the hint of a secret is made.</summary>
    public static string HintOf(string secret) => secret.Length >= 24 ? $"{secret[..7]}..." : "...";
}
