using Gatehouse.Protocols.Dialects.PromptCache;
using Gatehouse.Protocols.Json;
using Gatehouse.Upstream;

namespace Gatehouse.Pipeline;

/// <summary>Where a model call can go.</summary>
/// <param name="Provider">The provider.</param>
/// <param name="Model">The provider's own name of the model; empty for a relayed path that names none.</param>
internal sealed record Target(ProviderModel Provider, string Model)
{
    /// <summary><c>provider/model</c>, or the provider alone.</summary>
    public string Name { get; } = Model.Length == 0 ? Provider.Name : $"{Provider.Name}/{Model}";

    /// <summary>The provider's time limits, or those of the route that leads here.</summary>
    public TimeoutModel Timeouts { get; init; } = Provider.Timeouts;

    /// <summary>What the route that leads here changes in requests; null for nothing.</summary>
    public MemberChanges? Parameters { get; init; }

    /// <summary>Breakpoints that the route that leads here puts into requests; null for none.</summary>
    public PromptCachePlan? PromptCache { get; init; }
}
