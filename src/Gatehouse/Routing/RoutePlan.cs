namespace Gatehouse.Routing;

/// <summary>The targets that may take one exchange, in the order in which they are to be tried. Each target is in it once, for each set of parameters.</summary>
internal sealed class RoutePlan(int capacity)
{
    private RouteTarget[] _order = new RouteTarget[capacity];

    public int Count { get; private set; }

    public RouteTarget this[int index] => _order[index];

    public ReadOnlySpan<RouteTarget> Order => _order.AsSpan(0, Count);

    /// <summary>Where copies of the request go.</summary>
    public IReadOnlyList<RouteTarget> Shadows { get; private set; } = [];

    public static RoutePlan Of(RouteTarget target)
    {
        var plan = new RoutePlan(1);
        plan.Add(target);
        return plan;
    }

    /// <summary>A copy goes to the first target of another plan.</summary>
    public void AddShadow(RoutePlan copies)
    {
        if (copies.Count > 0)
        {
            Shadows = [.. Shadows, copies[0]];
        }
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
