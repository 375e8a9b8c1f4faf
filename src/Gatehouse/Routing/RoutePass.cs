using Gatehouse.Routing.Health;
using Gatehouse.Routing.Limits;

namespace Gatehouse.Routing;

/// <summary>An attempt that was let in at a target of a route.</summary>
/// <param name="Limits">Null where the target has none.</param>
internal readonly record struct RoutePass(HealthPass Health, LimitPass? Limits);
