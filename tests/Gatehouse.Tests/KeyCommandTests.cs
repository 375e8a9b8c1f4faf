using System.Net;
using System.Net.Http.Headers;
using Gatehouse.Commands;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests;

/// <summary><c>gatehouse key</c> against a running gateway.</summary>
public sealed class KeyCommandTests
{
    [Fact]
    public async Task Keys_are_made_listed_and_revoked_on_a_running_gateway()
    {
        await using var gateway = await GatewayHost.StartAsync("providers: { sandbox: {} }");

        var (code, output, _) = await KeyAsync(gateway, "create", "laptop", "--models", "sandbox/*", "--label", "team=research", "--expires", "2099-01-31T00:00:00Z");
        Assert.Equal(0, code);
        var lines = output.Split('\n');
        var id = lines[0]["id:     ".Length..];
        var secret = lines[1]["secret: ".Length..];
        Assert.StartsWith("key_", id, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, await UseAsync(gateway, secret));

        (code, output, _) = await KeyAsync(gateway, "list");
        Assert.Equal(0, code);
        var line = Assert.Single(output.Split('\n'), line => line.Contains(id, StringComparison.Ordinal));
        Assert.Contains("laptop", line, StringComparison.Ordinal);
        Assert.Contains("sandbox/*", line, StringComparison.Ordinal);
        Assert.Contains("until 2099-01-31", line, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, output, StringComparison.Ordinal);

        (code, output, _) = await KeyAsync(gateway, "revoke", id);
        Assert.Equal((0, "revoked"), (code, output));
        Assert.Equal(HttpStatusCode.Unauthorized, await UseAsync(gateway, secret));

        (code, _, var error) = await KeyAsync(gateway, "revoke", id);
        Assert.Equal(1, code);
        Assert.Contains($"There is no key '{id}'", error, StringComparison.Ordinal);
        (code, _, error) = await KeyAsync(gateway, "revoke", "key_file_test");
        Assert.Equal(1, code);
        Assert.Contains("gatehouse.yaml", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_or_missing_token_is_told_and_never_shown()
    {
        await using var gateway = await GatewayHost.StartAsync("providers: { sandbox: {} }");
        var url = gateway.Application.AdminAddress.ToString();

        var (code, _, error) = await GatewayProcess.RunAsync(["key", "list"], ".", ("GATEHOUSE_ADMIN_URL", url), ("GATEHOUSE_ADMIN_TOKEN", "gha_wrong"));
        Assert.Equal(1, code);
        Assert.Contains("admin token", error, StringComparison.Ordinal);
        Assert.DoesNotContain("gha_wrong", error, StringComparison.Ordinal);

        (code, _, error) = await GatewayProcess.RunAsync(["key", "list"], ".", ("GATEHOUSE_ADMIN_URL", url));
        Assert.Equal(2, code);
        Assert.Contains("GATEHOUSE_ADMIN_TOKEN", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://127.0.0.1:1", 1, "No gateway answers at http://127.0.0.1:1/")]
    [InlineData("ftp://127.0.0.1", 2, "GATEHOUSE_ADMIN_URL")]
    [InlineData("nowhere", 2, "GATEHOUSE_ADMIN_URL")]
    public async Task No_gateway_at_the_address_is_told(string url, int exitCode, string message)
    {
        var (code, output, error) = await GatewayProcess.RunAsync(["key", "list"], ".", ("GATEHOUSE_ADMIN_URL", url), ("GATEHOUSE_ADMIN_TOKEN", "gha_x"));

        Assert.Equal(exitCode, code);
        Assert.Empty(output);
        Assert.Contains(message, error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(200, "text/html", "<!doctype html><title>hello</title>")]
    [InlineData(200, "application/json", "{}")]
    [InlineData(200, "application/json", "null")]
    [InlineData(200, "application/json", """{"data":[null]}""")]
    [InlineData(200, "application/json", """{"data":[{"id":"x"}]}""")]
    [InlineData(200, "application/json; charset=no-such", "{}")]
    [InlineData(404, "text/html", "<h1>Not found</h1>")]
    [InlineData(404, "application/json", """{"detail":"Not found"}""")]
    [InlineData(404, "application/json", """{"error":"Not found"}""")]
    public async Task Another_server_at_the_address_is_told_in_one_line(int status, string type, string body)
    {
        await using var other = new ScriptedUpstream((_, connection) => connection.RespondAsync(status, type, body));

        var (code, output, error) = await GatewayProcess.RunAsync(
            ["key", "list"], ".", ("GATEHOUSE_ADMIN_URL", $"{other.Address}below/a/path"), ("GATEHOUSE_ADMIN_TOKEN", "gha_x"));

        Assert.Equal((1, ""), (code, output));
        Assert.Equal($"What answers at {other.Address}below/a/path is not a Gatehouse admin API (GATEHOUSE_ADMIN_URL): status {status}.", error);
        Assert.Equal("/below/a/path/api/v1/keys", Assert.Single(other.Requests).Target);
    }

    [Fact]
    public async Task Another_server_never_revoked_a_key()
    {
        await using var other = ScriptedUpstream.Json("{}");

        var (code, output, error) = await GatewayProcess.RunAsync(
            ["key", "revoke", "key_x"], ".", ("GATEHOUSE_ADMIN_URL", other.Address.ToString()), ("GATEHOUSE_ADMIN_TOKEN", "gha_x"));

        Assert.Equal((1, ""), (code, output));
        Assert.Contains("is not a Gatehouse admin API", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_stays_silent_is_told()
    {
        await using var silent = new ScriptedUpstream((_, connection) => new TaskCompletionSource().Task.WaitAsync(connection.Stop));

        var failure = await AdminClient.CallAsync(
            silent.Address, "gha_x", TimeSpan.FromSeconds(0.2), client => client.DeleteAsync("/keys/key_x"));

        Assert.Equal($"No gateway answers at {silent.Address} (GATEHOUSE_ADMIN_URL) within 0.2 seconds.", failure);
    }

    private static Task<(int ExitCode, string Output, string Error)> KeyAsync(GatewayHost gateway, params string[] arguments) => GatewayProcess.RunAsync(
        ["key", .. arguments], ".",
        ("GATEHOUSE_ADMIN_URL", gateway.Application.AdminAddress.ToString()), ("GATEHOUSE_ADMIN_TOKEN", GatewayHost.AdminToken));

    private static async Task<HttpStatusCode> UseAsync(GatewayHost gateway, string secret)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/models");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", secret);
        using var response = await gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);
        return response.StatusCode;
    }
}
