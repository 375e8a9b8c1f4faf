using System.Reflection;
using Gatehouse.Configuration;
using Gatehouse.Configuration.Binding;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests;

/// <summary>From gatehouse.yaml to options, and every mistake on the way.</summary>
public sealed class ConfigurationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, string> _variables = new(StringComparer.Ordinal);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("${NAME}", "value")]
    [InlineData("a-${NAME}-${NAME}", "a-value-value")]
    [InlineData("${ABSENT:-other}", "other")]
    [InlineData("${EMPTY:-other}", "other")]
    [InlineData("${ABSENT:-}", "")]
    [InlineData("${NAME:-other}", "value")]
    [InlineData("$${NAME}", "${NAME}")]
    [InlineData("$NAME", "$NAME")]
    [InlineData("${TRICKY}", "${NAME}: [x")]
    public void Variables_are_put_into_values(string written, string meant)
    {
        _variables["NAME"] = "value";
        _variables["EMPTY"] = "";
        // What a variable holds is a value: neither read as YAML nor expanded again.
        _variables["TRICKY"] = "${NAME}: [x";

        var loaded = Load($"keys:\n  - {{ name: \"k{written}\", secret: s, models: [] }}\n");

        Assert.Empty(loaded.Errors.Messages);
        Assert.Equal("k" + meant, Assert.Single(loaded.Options.Keys).Name);
    }

    [Fact]
    public void A_file_is_put_into_a_value_without_its_last_line_break()
    {
        var path = Path.Combine(_folder.Path, "secret");
        File.WriteAllText(path, "from-a-file\n");

        var loaded = Load($"keys:\n  - {{ name: k, secret: \"${{file:{path}}}\", models: [] }}\n");

        Assert.Empty(loaded.Errors.Messages);
        Assert.Equal("from-a-file", loaded.Options.Keys[0].Secret!.Reveal());
    }

    [Theory]
    [InlineData("${ABSENT}", "environment variable ABSENT is not set; set it, or give a default with ${ABSENT:-value}")]
    [InlineData("${file:}", "cannot read ''")]
    [InlineData("${file:/absent/file}", "cannot read '/absent/file'")]
    [InlineData("${NAME", "has no closing '}'")]
    public void A_reference_that_leads_nowhere_is_a_mistake(string written, string message)
    {
        var error = Assert.Single(Errors($"\nadmin: {{ token: \"{written}\" }}\n"));

        Assert.Contains(message, error, StringComparison.Ordinal);
        Assert.EndsWith("(admin.token, gatehouse.yaml:2)", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("listn: x", "unknown key 'listn'; did you mean 'listen'? (listn, gatehouse.yaml:1)")]
    [InlineData("server:\n  max_conections: 5", "unknown key 'max_conections'; did you mean 'max_connections'? (server.max_conections, gatehouse.yaml:2)")]
    [InlineData("admin: { banana: 5 }", "unknown key 'banana'; known keys here: listen, token (admin.banana, gatehouse.yaml:1)")]
    [InlineData("server:\n  max_connections: many", "'many' is not a whole number (server.max_connections, gatehouse.yaml:2)")]
    [InlineData("timeout: { idle: 5 }", "'5' is not a duration such as 500ms, 2s, 5m or 1h (timeout.idle, gatehouse.yaml:1)")]
    [InlineData("timeout: { idle: 0s }", "must be longer than zero (timeout.idle, gatehouse.yaml:1)")]
    [InlineData("server: { max_request_body: 5 MB }", "'5 MB' is not a size such as 64KiB or 32MiB (server.max_request_body, gatehouse.yaml:1)")]
    [InlineData("ledger: { sync: none }", "'none' is not one of normal, full (ledger.sync, gatehouse.yaml:1)")]
    [InlineData("ledger: { queue_limit: 0 }", "must be at least 1 (ledger.queue_limit, gatehouse.yaml:1)")]
    [InlineData("timeout: { connect: 0s }", "must be longer than zero (timeout.connect, gatehouse.yaml:1)")]
    [InlineData("timeout: { connect: 5000h }", "must be at most 24d (timeout.connect, gatehouse.yaml:1)")]
    [InlineData("providers:\n  sandbox: { timeout: { total: 25d } }", "must be at most 24d (providers.sandbox.timeout.total, gatehouse.yaml:2)")]
    [InlineData("routes: { r: { targets: [ { target: a/b, weight: -1 } ] } }", "must not be negative (routes.r.targets[0].weight, gatehouse.yaml:1)")]
    [InlineData("server: { headers_timeout: 0s }", "must be longer than zero (server.headers_timeout, gatehouse.yaml:1)")]
    [InlineData("server: { keep_alive: 60d }", "must be at most 24d (server.keep_alive, gatehouse.yaml:1)")]
    [InlineData("server: { shutdown_timeout: 60d }", "must be at most 24d (server.shutdown_timeout, gatehouse.yaml:1)")]
    [InlineData("server: { max_request_headers: 1023 }", "must be at least 1KiB (server.max_request_headers, gatehouse.yaml:1)")]
    [InlineData("server: { max_request_headers: 2MiB }", "must be at most 1MiB (server.max_request_headers, gatehouse.yaml:1)")]
    [InlineData("server: { max_request_body: 2GiB }", "must be at most 1GiB (server.max_request_body, gatehouse.yaml:1)")]
    [InlineData("server: { max_stream_frame: 0 }", "must be greater than zero (server.max_stream_frame, gatehouse.yaml:1)")]
    [InlineData("server: { max_stream_frame: 2GiB }", "must be at most 1GiB (server.max_stream_frame, gatehouse.yaml:1)")]
    [InlineData("server: { max_connections: 0 }", "must be at least 1 (server.max_connections, gatehouse.yaml:1)")]
    [InlineData("server: { max_connections: 3000000000 }", "'3000000000' is not a whole number (server.max_connections, gatehouse.yaml:1)")]
    [InlineData("server: { min_data_rate: 1GiB }", "must be at most 1MiB (server.min_data_rate, gatehouse.yaml:1)")]
    [InlineData("ledger: { queue_limit: 1000001 }", "must be at most 1000000 (ledger.queue_limit, gatehouse.yaml:1)")]
    [InlineData("listen: localhost:9000\nadmin: { listen: 127.0.0.1:9000 }", "'127.0.0.1:9000' is where clients connect (listen): give the admin API a port of its own (admin.listen, gatehouse.yaml:2)")]
    [InlineData("listen: [1]", "must be a text, not a list (listen, gatehouse.yaml:1)")]
    [InlineData("providers: []", "must be a mapping of names to values (providers, gatehouse.yaml:1)")]
    [InlineData("keys: {}", "must be a list (keys, gatehouse.yaml:1)")]
    [InlineData("- a", "must be a mapping of keys to values (gatehouse.yaml:1)")]
    [InlineData("storage: mysql:x", "'mysql:x' is not supported: write sqlite:PATH (storage, gatehouse.yaml:1)")]
    [InlineData("routes: { r: {} }", "a route needs at least one target, such as targets: [openai/gpt-5-mini] (routes.r, gatehouse.yaml:1)")]
    [InlineData("routes: { r: { strategy: random } }", "'random' is not one of fallback, weighted, round_robin, least_latency, least_cost, least_busy, sticky, conditional, canary, shadow, semantic, complexity (routes.r.strategy, gatehouse.yaml:1)")]
    [InlineData("providers: { opnai: {} }", "'opnai' is not in the provider table; did you mean 'openai'? (providers.opnai, gatehouse.yaml:1)")]
    [InlineData("providers: { openai: {} }", "api_key is missing; OpenAI needs one, for example api_key: \"${OPENAI_API_KEY}\" (providers.openai, gatehouse.yaml:1)")]
    [InlineData("keys:\n- { name: a, secret: x, models: [] }\n- { name: a, secret: y, models: [] }", "'a' is used twice (keys[1].name, gatehouse.yaml:3)")]
    [InlineData("keys:\n- { name: a, secret: x, models: [] }\n- { name: b, secret: x, models: [] }", "is used by another key (keys[1].secret, gatehouse.yaml:3)")]
    public void A_mistake_is_told_with_what_to_do_its_key_and_its_line(string yaml, string message) => Assert.Contains(message, Errors(yaml), StringComparer.Ordinal);

    [Theory]
    [InlineData("listen: 127.0.0.1:1\nlisten: 127.0.0.1:2\n", 2)]
    [InlineData("providers:\n  sandbox: {}\n  sandbox: {}\n", 3)]
    [InlineData("listen: \"unclosed\nkeys: [\n", 0)]
    [InlineData("listen: a: b", 1)]
    public void YAML_that_is_not_valid_or_says_a_key_twice_is_a_mistake_with_its_line(string yaml, int line)
    {
        var error = Assert.Single(Errors(yaml));

        Assert.StartsWith("not valid YAML: ", error, StringComparison.Ordinal);
        Assert.Contains(line == 0 ? "gatehouse.yaml:" : $"gatehouse.yaml:{line}", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_ends_of_the_ranges_can_be_started_with()
    {
        foreach (var (limit, size, time, connections) in new[] { ("1KiB", "1", "1ms", "1"), ("1MiB", "1GiB", "24d", "2147483647") })
        {
            await using var gateway = await GatewayHost.StartAsync($$"""
                timeout: { connect: {{time}}, first_byte: {{time}}, idle: {{time}}, total: {{time}} }
                ledger: { queue_limit: 1000000 }
                providers: { sandbox: {}, local: { kind: openai-compatible, base_url: "http://127.0.0.1:1" } }
                server:
                  max_request_headers: {{limit}}
                  max_request_body: {{size}}
                  max_stream_frame: {{size}}
                  max_connections: {{connections}}
                  min_data_rate: {{(limit == "1MiB" ? limit : "0")}}
                  headers_timeout: {{time}}
                  keep_alive: {{time}}
                  shutdown_timeout: {{(time == "24d" ? time : "0s")}}
                """);
            Assert.NotEqual(0, gateway.Address.Port);
        }
    }

    [Fact]
    public void All_mistakes_are_told_at_once()
    {
        var errors = Errors("""
            listen: nowhere
            admin: { tokn: x }
            providers:
              a: { kind: openai-compatible }
              b: { kind: openai-compatible, base_url: "http://169.254.169.254/v1" }
            routes:
              r: { targets: [ c/m, noslash ] }
            keys:
              - { models: [] }
            """);

        Assert.Equal(8, errors.Count);
    }

    [Fact]
    public void The_example_of_the_contract_is_understood_as_far_as_this_version_goes()
    {
        foreach (var name in new[] { "GATEHOUSE_ADMIN_TOKEN", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GATEHOUSE_DEV_KEY" })
        {
            _variables[name] = $"value-of-{name}";
        }

        const string Example = """
            listen: 127.0.0.1:8080
            admin: { listen: 127.0.0.1:8081, token: "${GATEHOUSE_ADMIN_TOKEN}" }
            storage: sqlite:./data/gatehouse.db
            providers:
              openai:  { api_key: "${OPENAI_API_KEY}" }
              claude:  { kind: anthropic, api_key: "${ANTHROPIC_API_KEY}" }
              local:   { kind: openai-compatible, base_url: "http://127.0.0.1:11434/v1" }
              bedrock: { kind: bedrock, region: us-east-1, access_key_id: "...", secret_access_key: "..." }
            routes:
              chat:
                strategy: fallback
                targets:
                  - openai/gpt-5-mini
                  - { target: local/llama }
            keys:
              - { name: dev, secret: "${GATEHOUSE_DEV_KEY}", models: ["*"] }
            """;

        Assert.Empty(Errors(Example));
        var error = Assert.Single(Errors(Example.Replace("routes:", "  unknown: { kind: quantum-cloud, api_key: x }\nroutes:", StringComparison.Ordinal)));
        Assert.StartsWith("'quantum-cloud' is not in the provider table", error, StringComparison.Ordinal);
        Assert.EndsWith("(providers.unknown.kind, gatehouse.yaml:9)", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("500ms", 500)]
    [InlineData("2s", 2_000)]
    [InlineData("1.5s", 1_500)]
    [InlineData("5m", 300_000)]
    [InlineData("1h", 3_600_000)]
    [InlineData("7d", 604_800_000)]
    [InlineData("5", null)]
    [InlineData("-5s", null)]
    [InlineData("s", null)]
    [InlineData("5 s", null)]
    [InlineData("99999999999d", null)]
    [InlineData("1e3s", null)]
    public void Durations_have_a_number_and_a_unit(string text, int? milliseconds)
    {
        Assert.Equal(milliseconds is not null, Duration.TryParse(text, out var duration));
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds ?? 0), duration);
    }

    [Theory]
    [InlineData("0", 0L)]
    [InlineData("512", 512L)]
    [InlineData("512B", 512L)]
    [InlineData("64KiB", 65_536L)]
    [InlineData("32mib", 33_554_432L)]
    [InlineData("1GiB", 1_073_741_824L)]
    [InlineData("-1", null)]
    [InlineData("1.5MiB", null)]
    [InlineData("5MB", null)]
    [InlineData("9999999999GiB", null)]
    public void Sizes_have_a_number_and_a_binary_unit(string text, long? bytes)
    {
        Assert.Equal(bytes is not null, ByteSize.TryParse(text, out var size));
        Assert.Equal(bytes ?? 0, size.Bytes);
    }

    [Fact]
    public void A_secret_never_prints()
    {
        const string Text = "the-secret-itself";
        var options = Load($$"""
            admin: { token: {{Text}} }
            providers: { openai: { api_key: {{Text}}, headers: { x-more: {{Text}} } } }
            keys: [ { name: k, secret: {{Text}}, models: [] } ]
            """).Options;

        Assert.Equal(Text, options.Admin.Token!.Reveal());
        Assert.DoesNotContain(Text, $"{options} {options.Admin} {options.Providers["openai"]} {options.Keys[0]} {options.Admin.Token}", StringComparison.Ordinal);
        Assert.DoesNotContain(Text, System.Text.Json.JsonSerializer.Serialize(options), StringComparison.Ordinal);
        Assert.DoesNotContain(typeof(Secret).GetProperties(BindingFlags.Public | BindingFlags.Instance), property => property.GetMethod is not null);
    }

    [Fact]
    public void A_value_that_is_refused_is_not_shown_where_it_is_a_secret()
    {
        var errors = Errors("""
            providers: { openai: { api_key: "pass\nword" } }
            keys: [ { name: k, secret: "two words", models: [] } ]
            """);

        Assert.Equal(2, errors.Count);
        Assert.DoesNotContain(errors, error => error.Contains("word\"", StringComparison.Ordinal) || error.Contains("two words", StringComparison.Ordinal));
    }

    [Fact]
    public void The_reference_of_all_keys_is_up_to_date()
    {
        var path = Path.Combine(Repository.Root, "docs", "configuration.md");

        Assert.True(
            File.Exists(path) && File.ReadAllText(path) == ConfigurationReference.Write(),
            "docs/configuration.md is not what the configuration records say: run ./gatehouse config docs > docs/configuration.md");
    }

    private LoadedConfiguration Load(string yaml)
    {
        var file = Path.Combine(_folder.Path, "gatehouse.yaml");
        File.WriteAllText(file, yaml);
        return new ConfigurationLoader(new StartOptions(file), _variables.GetValueOrDefault).Load();
    }

    private IReadOnlyList<string> Errors(string yaml)
    {
        var loaded = Load(yaml);
        return Record.Exception(() => ConfigurationException.ThrowIfAny(loaded, TimeProvider.System, new Random(1), _variables.GetValueOrDefault)) switch
        {
            null => [],
            ConfigurationException exception => exception.Errors,
            var other => throw new InvalidOperationException("Not told as a mistake.", other),
        };
    }
}
