namespace Gatehouse.Routing;

internal sealed record RouteView(string Name, IReadOnlyList<string> Targets);
