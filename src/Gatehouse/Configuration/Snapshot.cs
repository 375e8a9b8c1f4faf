using System.Collections.Frozen;
using Gatehouse.Catalog;
using Gatehouse.Identity;
using Gatehouse.Limits;
using Gatehouse.Metering;
using Gatehouse.Routing;
using Gatehouse.Runs;
using Gatehouse.Upstream;

namespace Gatehouse.Configuration;

/// <summary>
/// One revision of the configuration, compiled for the hot path and never changed. An exchange takes the current one when it begins
/// and lives by it to its end.
/// </summary>
internal sealed record Snapshot
{
    public required long Revision { get; init; }

    /// <summary>Digest of the file in force: another one after every change of it, the same after a change of stored keys, and after a restart.</summary>
    public string PolicyRevision { get; init; } = "";

    public required DateTimeOffset LoadedAt { get; init; }

    /// <summary>What it was compiled from.</summary>
    public required GatewayOptions Options { get; init; }

    public required FrozenDictionary<string, ProviderModel> Providers { get; init; }

    public required FrozenDictionary<string, RouteModel> Routes { get; init; }

    public required FrozenDictionary<KeyHash, ApiKey> Keys { get; init; }

    public required LimitPolicy Limits { get; init; }

    public required ModelCatalog Catalog { get; init; }

    /// <summary>Limits of runs.</summary>
    public RunPolicy[] RunPolicies { get; init; } = [];

    /// <summary>Number of the prices in force, kept with every ledger row: equal numbers mean equal prices.</summary>
    public long PriceRevision { get; init; }

    public required TokenVocabularies Vocabularies { get; init; }

    /// <summary>Who serves a model id, as far as providers list theirs.</summary>
    public required FrozenDictionary<string, ProviderModel[]> Servers { get; init; }

    /// <summary>Providers that do not list their models: they may serve any.</summary>
    public required ProviderModel[] OpenProviders { get; init; }

    public long MaxRequestBody => Options.Server.MaxRequestBody.Bytes;

    public int MaxStreamFrame => (int)Math.Min(Options.Server.MaxStreamFrame.Bytes, int.MaxValue / 2);
}
