using Gatehouse.Routing.Health;

namespace Gatehouse.Routing;

internal sealed record RouteView(string Name, string Strategy, IReadOnlyList<RouteTargetView> Targets);

internal sealed record RouteTargetView(string Target, TargetHealthView Health);
