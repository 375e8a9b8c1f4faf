using Gatehouse.Caching;
using Gatehouse.Configuration.Binding;
using Gatehouse.Limits;

namespace Gatehouse.Identity;

[KeyDoc("API keys that clients present. Further keys are made with the admin API or `gatehouse key create`, and are kept in the database.")]
internal sealed record KeyOptions
{
    [KeyDoc("Name in reports and logs. Must be unique.")]
    public string Name { get; set; } = "";

    [KeyDoc("The secret that clients send. Only its SHA-256 is kept in memory.")]
    public Secret? Secret { get; set; }

    [KeyDoc("Models the key may use: names of routes, `provider/model` or model ids, with `*` for any text.", Default = "none")]
    public IReadOnlyList<string> Models { get; set; } = [];

    [KeyDoc("The key is refused from this time on.", Default = "never")]
    public DateTimeOffset? ExpiresAt { get; set; }

    [KeyDoc("Class of the key's exchanges when they have to wait for room (`admission`). With the header `x-gatehouse-priority` a call can take a lower one, never a higher. Keys made with the admin API have `default`.")]
    public PriorityClass Priority { get; set; } = PriorityClass.Default;

    [KeyDoc("Who pays, from the top: the organisation.", Default = "the label `organization`, else that of the team")]
    public string? Organization { get; set; }

    [KeyDoc("The team that pays.", Default = "the label `team`")]
    public string? Team { get; set; }

    [KeyDoc("The project that pays.", Default = "the label `project`")]
    public string? Project { get; set; }

    [KeyDoc("The agent that calls with this key.", Default = "the label `agent`, else what the caller says in `x-gatehouse-agent`")]
    public string? Agent { get; set; }

    [KeyDoc("Free labels, such as `feature` or `owner`, kept with each exchange of the key. A call can add further ones with `x-gatehouse-labels`.")]
    public IReadOnlyDictionary<string, string> Labels { get; set; } = new Dictionary<string, string>(StringComparer.Ordinal);

    [KeyDoc("Keeps answers to the key's calls. Keys made with the admin API have no setting of their own.", Default = "as the route says")]
    public CacheRuleOptions? Cache { get; set; }

    [KeyDoc("Limits of the key.", Default = "none")]
    public IReadOnlyList<LimitOptions> Limits { get; set; } = [];
}
