namespace Gatehouse.Routing;

/// <summary>The targets that may take one exchange, in the order in which they are to be tried. Each target is in it once.</summary>
internal sealed class RoutePlan
{
    private readonly List<RouteTarget> _order;

    public RoutePlan(int capacity) => _order = new List<RouteTarget>(capacity);

    public int Count => _order.Count;

    public RouteTarget this[int index] => _order[index];

    public IReadOnlyList<RouteTarget> Order => _order;

    public void Add(RouteTarget target)
    {
        if (!_order.Contains(target))
        {
            _order.Add(target);
        }
    }
}
