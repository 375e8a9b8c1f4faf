using Gatehouse.Pipeline;

namespace Gatehouse.Routing;

/// <summary>A route compiled for the hot path.</summary>
internal sealed record RouteModel(string Name, RouteStrategy Strategy, IReadOnlyList<Target> Targets);
