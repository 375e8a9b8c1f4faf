using System.ComponentModel;
using System.Text.Json;

namespace Gatehouse.Identity;

internal sealed record CreateKeyRequest
{
    [Description("Name in reports and logs.")]
    public string? Name { get; init; }

    [Description("Routes, provider/model or model ids that the key may use, with * for any text. Default: all.")]
    public IReadOnlyList<string>? Models { get; init; }

    [Description("The key is refused from this time on (RFC 3339). Default: never.")]
    public DateTimeOffset? ExpiresAt { get; init; }

    [Description("Free labels, such as feature or owner.")]
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    [Description("Who pays. Default: the label of this name, else that of the team.")]
    public string? Organization { get; init; }

    [Description("Who pays. Default: the label of this name, else that of the project.")]
    public string? Team { get; init; }

    [Description("Who pays. Default: the label of this name.")]
    public string? Project { get; init; }

    [Description("The agent that calls with the key. Default: the label of this name.")]
    public string? Agent { get; init; }

    [Description("interactive, default or batch.")]
    public string? Priority { get; init; }

    [Description("Limits of the key: items as under a key of gatehouse.yaml.")]
    public JsonElement? Limits { get; init; }
}

internal record KeyView(
    string Id,
    string Name,
    [property: Description("The first characters of the secret.")] string Hint,
    [property: Description("file: gatehouse.yaml; api: made here.")] string Owner,
    IReadOnlyList<string> Models,
    IReadOnlyDictionary<string, string> Labels,
    string? Organization,
    string? Team,
    string? Project,
    string? Agent,
    [property: Description("interactive, default or batch.")] string Priority,
    [property: Description("As they were written.")] JsonElement Limits,
    DateTimeOffset? CreatedAt,
    DateTimeOffset? ExpiresAt);

internal sealed record CreatedKeyView(
    string Id,
    string Name,
    [property: Description("Shown this once; only its hash is kept.")] string Secret,
    string Hint,
    IReadOnlyList<string> Models,
    IReadOnlyDictionary<string, string> Labels,
    string? Organization,
    string? Team,
    string? Project,
    string? Agent,
    [property: Description("interactive, default or batch.")] string Priority,
    [property: Description("As they were written.")] JsonElement Limits,
    DateTimeOffset? CreatedAt,
    DateTimeOffset? ExpiresAt);
