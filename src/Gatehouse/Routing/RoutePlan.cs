namespace Gatehouse.Routing;

/// <summary>The targets that may take one exchange, in the order in which they are to be tried. Each target is in it once, for each set of parameters.</summary>
internal sealed class RoutePlan(int capacity)
{
    private RouteTarget[] _order = new RouteTarget[capacity];

    public int Count { get; private set; }

    public RouteTarget this[int index] => _order[index];

    public ReadOnlySpan<RouteTarget> Order => _order.AsSpan(0, Count);

    public static RoutePlan Of(RouteTarget target)
    {
        var plan = new RoutePlan(1);
        plan.Add(target);
        return plan;
    }

    public void Add(RouteTarget target)
    {
        foreach (var other in Order)
        {
            if (ReferenceEquals(other.Health, target.Health) && ReferenceEquals(other.Target.Parameters, target.Target.Parameters))
            {
                return;
            }
        }

        if (Count == _order.Length)
        {
            Array.Resize(ref _order, Math.Max(4, Count * 2));
        }

        _order[Count++] = target;
    }
}
