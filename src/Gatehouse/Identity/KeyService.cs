using Gatehouse.Configuration;
using Gatehouse.Limits;
using Gatehouse.Pipeline;

namespace Gatehouse.Identity;

/// <summary>What a new key may do.</summary>
internal sealed record NewKey(string Name, IReadOnlyList<string> Models)
{
    public DateTimeOffset? ExpiresAt { get; init; }

    public Payer Payer { get; init; } = Payer.Nobody;

    public PriorityClass Priority { get; init; } = PriorityClass.Default;

    public IReadOnlyList<LimitOptions> Limits { get; init; } = [];
}

internal enum RevokeResult
{
    Revoked,
    NotFound,

    /// <summary>The key stands in gatehouse.yaml, and only there can it be removed.</summary>
    OwnedByFile,
}

/// <summary>Makes and revokes keys. Both are in force for the next exchange that begins.</summary>
internal sealed class KeyService(KeyStore store, SnapshotSource snapshots, TimeProvider time)
{
    private const string SecretPrefix = "gh";

    /// <returns>The key, and its secret: it is not kept and cannot be shown again.</returns>
    public (ApiKey Key, string Secret) Create(NewKey request)
    {
        var secret = Id.NewSecret(SecretPrefix);
        var now = time.GetUtcNow();
        var key = new ApiKey(Id.New("key", now), request.Name, KeyHash.Of(secret), KeyOwner.Api)
        {
            Hint = ApiKey.HintOf(secret),
            Models = request.Models,
            ExpiresAt = request.ExpiresAt,
            Payer = request.Payer,
            Priority = request.Priority,
            Limits = request.Limits,
            CreatedAt = now,
        };
        store.Add(key);
        snapshots.RefreshStored($"key {key.Id} created");
        return (key, secret);
    }

    /// <param name="changed">A stored key with what is to be changed.</param>
    public ApiKey Update(ApiKey changed)
    {
        var key = changed with { UpdatedAt = time.GetUtcNow() };
        store.Update(key);
        snapshots.RefreshStored($"key {key.Id} changed");
        return key;
    }

    public RevokeResult Revoke(string id)
    {
        var key = snapshots.Current.Keys.Values.FirstOrDefault(key => string.Equals(key.Id, id, StringComparison.Ordinal));
        switch (key?.Owner)
        {
            case null:
                return RevokeResult.NotFound;
            case KeyOwner.File:
                return RevokeResult.OwnedByFile;
            default:
                store.Revoke(id);
                snapshots.RefreshStored($"key {id} revoked");
                return RevokeResult.Revoked;
        }
    }
}
