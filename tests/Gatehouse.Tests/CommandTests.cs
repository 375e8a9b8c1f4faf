using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests;

/// <summary>The program's commands, what they print and how they exit.</summary>
public sealed class CommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_first_start_prints_what_a_first_request_needs_and_the_next_one_only_that_it_is_ready()
    {
        string[] secrets;
        await using (var first = await GatewayProcess.ServeAsync(_folder.Path, []))
        {
            await Eventually.TrueAsync(() => first.Output.Length == 4, "four lines");
            Assert.Matches("^admin token: gha_[0-9a-z]{52}$", first.Output[1]);
            Assert.Matches("^api key: gh_[0-9a-z]{52}$", first.Output[2]);
            secrets = [first.Output[1].Split(' ')[^1], first.Output[2].Split(' ')[^1]];

            using var answer = JsonDocument.Parse(await BashAsync(first.Output[3].Replace("curl ", "curl --silent --fail ", StringComparison.Ordinal)));
            Assert.Equal("Hello", answer.RootElement.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
            await first.SignalAsync("TERM");
            Assert.Equal(0, await first.ExitAsync());
            Assert.DoesNotContain(first.Errors, line => Array.Exists(secrets, secret => line.Contains(secret, StringComparison.Ordinal)));
        }

        Assert.True(File.Exists(Path.Combine(_folder.Path, "data", "gatehouse.db")));
        await using var second = await GatewayProcess.ServeAsync(_folder.Path, []);
        await second.SignalAsync("TERM");
        Assert.Equal(0, await second.ExitAsync());
        _ = Assert.Single(second.Output);
        Assert.DoesNotContain(secrets, secret => second.AllText.Contains(secret, StringComparison.Ordinal));
    }

    [Fact]
    public async Task With_a_configured_admin_token_the_first_start_does_not_print_it()
    {
        Configure($$"""
            admin: { token: {{GatewayHost.AdminToken}} }
            providers: { sandbox: {} }
            """);
        await using var gateway = await GatewayProcess.ServeAsync(_folder.Path, []);

        await Eventually.TrueAsync(() => gateway.Output.Length == 3, "three lines");
        Assert.StartsWith("api key: gh_", gateway.Output[1], StringComparison.Ordinal);
        Assert.StartsWith("curl ", gateway.Output[2], StringComparison.Ordinal);
        Assert.DoesNotContain(GatewayHost.AdminToken, gateway.AllText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_says_ok_of_a_good_file()
    {
        Configure("providers: { sandbox: {} }");

        Assert.Equal((0, "gatehouse.yaml: ok", ""), await GatewayProcess.RunAsync(["check"], _folder.Path));
    }

    [Theory]
    [InlineData("check")]
    [InlineData("serve")]
    public async Task Every_mistake_is_listed_with_its_key_and_line(string command)
    {
        Configure("""
            listen: nowhere
            provider: {}
            providers:
              local: { kind: openai-compatible, base_url: "htp://x", api_key: top-secret-value }
            routes:
              chat:
                targets: [ lokal/m ]
            """);

        var (code, output, error) = await GatewayProcess.RunAsync([command], _folder.Path);

        Assert.Equal(2, code);
        Assert.Empty(output);
        Assert.Contains("(listen, gatehouse.yaml:1)", error, StringComparison.Ordinal);
        Assert.Contains("unknown key 'provider'; did you mean 'providers'? (provider, gatehouse.yaml:2)", error, StringComparison.Ordinal);
        Assert.Contains("'htp://x' is not an absolute http(s) URL (providers.local.base_url, gatehouse.yaml:4)", error, StringComparison.Ordinal);
        Assert.Contains("(routes.chat.targets[0], gatehouse.yaml:7)", error, StringComparison.Ordinal);
        Assert.DoesNotContain("top-secret-value", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("check", "0s")]
    [InlineData("serve", "0s")]
    [InlineData("check", "5000h")]
    [InlineData("serve", "5000h")]
    public async Task A_value_out_of_range_is_a_mistake_like_others(string command, string connect)
    {
        Configure($"providers: {{ local: {{ kind: openai-compatible, base_url: \"http://127.0.0.1:1\" }} }}\ntimeout: {{ connect: {connect} }}\n");

        var (code, _, error) = await GatewayProcess.RunAsync([command], _folder.Path);

        Assert.Equal(2, code);
        Assert.Contains("(timeout.connect, gatehouse.yaml:2)", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_file_written_after_the_start_is_loaded_and_its_removal_changes_nothing(bool isSignalled)
    {
        await using var gateway = await GatewayProcess.ServeAsync(_folder.Path, []);
        Configure($$"""
            keys: [ { name: test, secret: {{GatewayHost.Key}}, models: ["*"] } ]
            providers: { sandbox: {} }
            """);
        await ReloadAsync();
        await gateway.LogLineAsync("Configuration revision 3 is in force");
        using var loaded = await gateway.Client.GetAsync(new Uri("/v1/models", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, loaded.StatusCode);

        File.Delete(Path.Combine(_folder.Path, "gatehouse.yaml"));
        await ReloadAsync();
        await gateway.LogLineAsync("cannot read the configuration");
        using var kept = await gateway.Client.GetAsync(new Uri("/v1/models", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, kept.StatusCode);

        Task ReloadAsync() => isSignalled ? gateway.SignalAsync("HUP") : Task.CompletedTask;
    }

    [Theory]
    [InlineData("serve", "--confg", "x")]
    [InlineData("serve", "--log", "xml")]
    [InlineData("sevre")]
    [InlineData("key", "create")]
    [InlineData]
    public async Task Wrong_usage_exits_with_2_and_says_what_is_wrong(params string[] arguments)
    {
        var (code, output, error) = await GatewayProcess.RunAsync(arguments, _folder.Path);

        Assert.Equal(2, code);
        Assert.DoesNotContain("ready:", output, StringComparison.Ordinal);
        Assert.NotEmpty(error);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("check")]
    [InlineData("serve")]
    public async Task A_configuration_that_cannot_be_read_exits_with_2(string command)
    {
        var (code, _, error) = await GatewayProcess.RunAsync([command, "--config", "absent.yaml"], _folder.Path);

        Assert.Equal(2, code);
        Assert.Contains("cannot read the configuration", error, StringComparison.Ordinal);
        Assert.Contains("absent.yaml", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--listen")]
    [InlineData("--admin")]
    public async Task A_port_in_use_exits_with_1_and_says_so(string listener)
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        string[] free = listener == "--listen" ? ["--admin", "127.0.0.1:0"] : ["--listen", "127.0.0.1:0"];

        var (code, output, error) = await GatewayProcess.RunAsync(["serve", .. free, listener, other.LocalEndpoint.ToString()!], _folder.Path);

        Assert.Equal(1, code);
        Assert.Empty(output);
        Assert.Contains(other.LocalEndpoint.ToString()!, error, StringComparison.Ordinal);
        Assert.Contains("in use", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_of_another_machine_exits_with_1_and_says_so()
    {
        // TEST-NET-1 (RFC 5737) is nobody's.
        var (code, output, error) = await GatewayProcess.RunAsync(["serve", "--admin", "127.0.0.1:0", "--listen", "192.0.2.1:8080"], _folder.Path);

        Assert.Equal(1, code);
        Assert.Empty(output);
        Assert.Contains("192.0.2.1:8080", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_gateway_on_the_same_data_exits_with_1_and_says_so()
    {
        await using var first = await GatewayProcess.ServeAsync(_folder.Path, []);
        await using var second = GatewayProcess.Begin(_folder.Path, []);

        Assert.Equal(1, await second.ExitAsync());
        Assert.Empty(second.Output);
        Assert.Contains("is another gatehouse running on the same data?", Assert.Single(second.Errors), StringComparison.Ordinal);
        using var alive = await first.Client.GetAsync(new Uri("/healthz", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, alive.StatusCode);
    }

    [Fact]
    public async Task A_log_for_machines_is_one_JSON_object_a_line()
    {
        await using var gateway = await GatewayProcess.ServeAsync(_folder.Path, ["--log", "json"]);
        await gateway.SignalAsync("HUP");
        await gateway.LogLineAsync("SIGHUP");
        await gateway.SignalAsync("TERM");
        Assert.Equal(0, await gateway.ExitAsync());

        Assert.All(gateway.Errors, line =>
        {
            using var entry = JsonDocument.Parse(line);
            Assert.EndsWith("Z", entry.RootElement.GetProperty("Timestamp").GetString(), StringComparison.Ordinal);
            Assert.NotEmpty(entry.RootElement.GetProperty("Message").GetString()!);
        });
    }

    private void Configure(string yaml) => File.WriteAllText(Path.Combine(_folder.Path, "gatehouse.yaml"), yaml);

    private static async Task<string> BashAsync(string command)
    {
        var start = new System.Diagnostics.ProcessStartInfo("bash", ["-c", command]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        using var bash = System.Diagnostics.Process.Start(start)!;
        var output = await bash.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = await bash.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await bash.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(bash.ExitCode == 0, $"{command} exited with {bash.ExitCode}: {error}");
        return output;
    }
}
