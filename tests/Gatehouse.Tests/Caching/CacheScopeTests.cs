using System.Text.Json;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Caching;

/// <summary>Who shares answers with whom, and for how long a configuration's answers are good.</summary>
public sealed class CacheScopeTests
{
    [Fact]
    public async Task Tenants_never_share()
    {
        // Names that could be taken for one another if they were merely put behind each other.
        string[] scopes =
        [
            "", "", "organization: a", "organization: a", "organization: b", "team: a", "team: a", "project: a", "organization: a, team: x", "team: a, project: y", "project: 'a|b'", "team: 'a|b'",
            "organization: 'key:key_file_k0'", "team: 'organization:a'", "project: 'team:a'",
        ];
        string[] tenants =
        [
            "k0", "k1", "o a", "o a", "o b", "t a", "t a", "p a", "o a", "t a", "p a|b", "t a|b", "o key:key_file_k0", "t organization:a", "p team:a",
        ];
        await using var upstream = new ScriptedUpstream((request, connection) => connection.RespondAsync(
            200, "application/json", $$"""{"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"for {{JsonElement.Parse(request.Text).GetProperty("seed")}}"},"finish_reason":"stop"}]}"""));
        var keys = string.Concat(scopes.Select((scope, i) => $"  - {{ name: k{i}, secret: gh_tenant_key_{i:00}, models: [\"*\"]{(scope.Length == 0 ? "" : $", {scope}")} }}\n"));
        await using var gateway = await GatewayHost.StartAsync(CacheGateway.Yaml(upstream, more: $"\nkeys:\n{keys}"));
        var random = new SeededRandom(11);
        var owners = new Dictionary<int, HashSet<string>>();
        for (var i = 0; i < 400; i++)
        {
            var (key, seed) = (random.Next(scopes.Length), random.Next(8));
            var isKnown = !owners.TryAdd(seed, [tenants[key]]) && !owners[seed].Add(tenants[key]);
            var headers = random.Next(3) == 0 ? [("x-gatehouse-user", "somebody"), ("x-gatehouse-labels", "organization=a,team=a,project=a")] : Array.Empty<(string, string)>();

            Assert.Equal(isKnown ? "hit" : "miss", await gateway.CacheOfAsync(CacheGateway.Chat(more: $",\"seed\":{seed}"), $"gh_tenant_key_{key:00}", headers));
        }
    }

    [Fact]
    public async Task Another_configuration_finds_nothing_of_the_one_before_and_a_new_key_changes_nothing()
    {
        await using var upstream = CacheGateway.Counting();
        await using var gateway = await GatewayHost.StartAsync(CacheGateway.Yaml(upstream));
        var first = await File.ReadAllTextAsync(gateway.ConfigurationFile, TestContext.Current.CancellationToken);
        Assert.Equal("miss", await gateway.CacheOfAsync(CacheGateway.Chat()));
        var revision = gateway.Application.Snapshots.Current.Revision;

        using var made = await gateway.Admin.PostAsync(
            new Uri("/api/v1/keys", UriKind.Relative), new StringContent("""{"name":"new","models":["*"]}""", System.Text.Encoding.UTF8, "application/json"), TestContext.Current.CancellationToken);
        Assert.True(made.IsSuccessStatusCode);
        Assert.NotEqual(revision, gateway.Application.Snapshots.Current.Revision);
        Assert.Equal("hit", await gateway.CacheOfAsync(CacheGateway.Chat()));

        await LoadAsync(gateway, first + "\n# another one\n");
        Assert.Equal("miss", await gateway.CacheOfAsync(CacheGateway.Chat()));
        Assert.Equal("hit", await gateway.CacheOfAsync(CacheGateway.Chat()));

        await LoadAsync(gateway, first);
        Assert.Equal("hit", await gateway.CacheOfAsync(CacheGateway.Chat()));
    }

    [Fact]
    public async Task A_hit_needs_a_key_that_may_use_the_route()
    {
        await using var upstream = CacheGateway.Counting();
        await using var gateway = await GatewayHost.StartAsync(CacheGateway.Yaml(upstream, more:
            $$"""

            keys:
              - { name: test, secret: {{GatewayHost.Key}}, models: ["*"], team: a }
              - { name: other, secret: {{CacheGateway.OtherKey}}, models: ["free"], team: a }
            """));
        Assert.Equal("miss", await gateway.CacheOfAsync(CacheGateway.Chat()));

        using var refused = await gateway.AskAsync(CacheGateway.Chat(), CacheGateway.OtherKey);

        _ = await refused.ShouldFailAsync(System.Net.HttpStatusCode.Forbidden, "permission_denied");
        Assert.Equal("bypass", await gateway.CacheOfAsync(CacheGateway.Chat(model: "free"), CacheGateway.OtherKey));
    }

    private static async Task LoadAsync(GatewayHost gateway, string yaml)
    {
        await File.WriteAllTextAsync(gateway.ConfigurationFile, yaml, TestContext.Current.CancellationToken);
        Assert.True(gateway.Application.Snapshots.Load("test"));
    }
}
