using System.Collections.Frozen;
using System.Text.Json;

namespace Gatehouse.Identity;

/// <summary>Who pays for an exchange: organisation, team and project in this order, with the agent that acts and free labels.</summary>
internal sealed record Payer
{
    public static readonly Payer Nobody = new();

    public string? Organization { get; init; }

    public string? Team { get; init; }

    public string? Project { get; init; }

    public string? Agent { get; init; }

    /// <summary>The end user for whom it is done, as the caller names it in a header.</summary>
    public string? User { get; init; }

    public IReadOnlyDictionary<string, string> Labels
    {
        get;
        init
        {
            field = value;
            LabelsText = value.Count == 0 ? null : JsonSerializer.Serialize(new SortedDictionary<string, string>(value.ToDictionary(StringComparer.Ordinal), StringComparer.Ordinal), PayerJson.Default.SortedDictionaryStringString);
        }
    } = FrozenDictionary<string, string>.Empty;

    /// <summary>The labels as a JSON object, sorted by name; null for none.</summary>
    public string? LabelsText { get; private init; }

    /// <summary>
    /// Those who may share what one of them caused, such as cached answers and runs: all keys of an organisation; of a team, or else a project,
    /// where there is no organisation; else the key alone.
    /// </summary>
    /// <param name="keyId">Of the key that calls.</param>
    public string TenantOf(string keyId) => Organization is not null ? $"organization:{Organization}"
        : Team is not null ? $"team:{Team}"
        : Project is not null ? $"project:{Project}"
        : $"key:{keyId}";
}

[System.Text.Json.Serialization.JsonSerializable(typeof(SortedDictionary<string, string>))]
internal sealed partial class PayerJson : System.Text.Json.Serialization.JsonSerializerContext;
