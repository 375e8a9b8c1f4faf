namespace Gatehouse.Routing;

internal sealed record RouteView(string Name, string Strategy, IReadOnlyList<string> Targets);
