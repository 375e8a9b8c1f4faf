using Gatehouse.Configuration.Binding;

namespace Gatehouse.Upstream.Credentials;

/// <summary>What a signer was made for. Compared, not shown: secrets print as stars.</summary>
internal sealed record SignerKey(
    string Provider, ProviderAuth Auth, string? Region = null, Secret? Id = null, Secret? Key = null, Secret? Token = null);
