namespace Gatehouse.Runs;

/// <summary>The baselines of agents, of each tenant its own. Of too many, the oldest are forgotten. Not safe for many threads.</summary>
internal sealed class AgentBaselines
{
    private const int Most = 10_000;

    private readonly Dictionary<(string Tenant, string Agent), AgentBaseline> _baselines = [];
    private readonly Queue<(string Tenant, string Agent)> _order = new();

    public AgentBaseline? Find(string tenant, string agent) => _baselines.GetValueOrDefault((tenant, agent));

    public void Add(string tenant, string agent, double amplification)
    {
        var key = (tenant, agent);
        if (!_baselines.TryGetValue(key, out var baseline))
        {
            _baselines[key] = baseline = new AgentBaseline();
            _order.Enqueue(key);
            if (_order.Count > Most)
            {
                _ = _baselines.Remove(_order.Dequeue());
            }
        }

        baseline.Add(amplification);
    }
}
