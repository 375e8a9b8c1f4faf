namespace Gatehouse.Runs;

/// <param name="Exchange">That made it.</param>
internal readonly record struct RunLink(string Run, string Exchange);

/// <summary>What leads from something that a caller gives back (the id of an answer, a trace) to its run. Of too many, the oldest are forgotten.</summary>
internal sealed class RunLinks(int most)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(string Tenant, string Id), RunLink> _links = [];
    private readonly Queue<(string Tenant, string Id)> _order = new();

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _links.Count;
            }
        }
    }

    public void Add(string tenant, string id, RunLink link)
    {
        var key = (tenant, id);
        lock (_gate)
        {
            if (_links.TryAdd(key, link))
            {
                _order.Enqueue(key);
                if (_order.Count > most)
                {
                    _ = _links.Remove(_order.Dequeue());
                }
            }
            else
            {
                _links[key] = link;
            }
        }
    }

    public RunLink? Find(string tenant, string id)
    {
        lock (_gate)
        {
            return _links.TryGetValue((tenant, id), out var link) ? link : null;
        }
    }
}
