using System.ComponentModel;

namespace Gatehouse.Identity;

internal sealed record CreateKeyRequest
{
    [Description("Name in reports and logs.")]
    public string? Name { get; init; }

    [Description("Routes, provider/model or model ids that the key may use, with * for any text. Default: all.")]
    public IReadOnlyList<string>? Models { get; init; }

    [Description("The key is refused from this time on (RFC 3339). Default: never.")]
    public DateTimeOffset? ExpiresAt { get; init; }

    [Description("Free labels, such as team or owner.")]
    public IReadOnlyDictionary<string, string>? Labels { get; init; }
}

internal record KeyView(
    string Id,
    string Name,
    [property: Description("The first characters of the secret.")] string Hint,
    [property: Description("file: gatehouse.yaml; api: made here.")] string Owner,
    IReadOnlyList<string> Models,
    IReadOnlyDictionary<string, string> Labels,
    DateTimeOffset? CreatedAt,
    DateTimeOffset? ExpiresAt);

internal sealed record CreatedKeyView(
    string Id,
    string Name,
    [property: Description("Shown this once; only its hash is kept.")] string Secret,
    string Hint,
    IReadOnlyList<string> Models,
    IReadOnlyDictionary<string, string> Labels,
    DateTimeOffset? CreatedAt,
    DateTimeOffset? ExpiresAt);
