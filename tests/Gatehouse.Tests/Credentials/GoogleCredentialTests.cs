using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Credentials;

/// <summary>Requests to Vertex AI through the gateway, with tokens of a service account or of the machine.</summary>
public sealed class GoogleCredentialTests : IDisposable
{
    private const string Path = "/v1/projects/p/locations/us-central1/publishers/google/models/m:generateContent";

    private readonly ManualTime _time = new();
    private readonly RSA _key = RSA.Create(2048);
    private readonly TemporaryFolder _folder = new();

    public void Dispose()
    {
        _key.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task The_key_of_a_service_account_is_exchanged_for_a_token_by_a_signed_assertion()
    {
        await using var google = Tokens();
        await using var vertex = ScriptedUpstream.Json("{}");
        await using var gateway = await StartAsync(vertex, $"credentials: \"${{file:{KeyFile(google)}}}\"");

        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await CallAsync(gateway)).StatusCode);
        }

        Assert.All(vertex.Requests, seen => Assert.Equal("Bearer token-1", seen.Headers["authorization"]));
        var asked = Assert.Single(google.Requests);
        Assert.Equal("application/x-www-form-urlencoded", asked.Headers["content-type"].Split(';')[0]);
        var form = asked.Text.Split('&').Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => Uri.UnescapeDataString(pair[1]), StringComparer.Ordinal);
        Assert.Equal("urn:ietf:params:oauth:grant-type:jwt-bearer", form["grant_type"]);
        var parts = form["assertion"].Split('.');
        Assert.True(_key.VerifyData(
            Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), Base64Url.DecodeFromChars(parts[2]), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        Assert.Equal("""{"alg":"RS256","typ":"JWT","kid":"key-1"}""", Encoding.UTF8.GetString(Base64Url.DecodeFromChars(parts[0])));
        using var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[1]));
        Assert.Equal("gateway@project.iam.gserviceaccount.com", claims.RootElement.GetProperty("iss").GetString());
        Assert.Equal(new Uri(google.Address, "/token").ToString(), claims.RootElement.GetProperty("aud").GetString());
        Assert.Equal("https://www.googleapis.com/auth/cloud-platform", claims.RootElement.GetProperty("scope").GetString());
        var issued = claims.RootElement.GetProperty("iat").GetInt64();
        Assert.Equal(_time.GetUtcNow().ToUnixTimeSeconds(), issued);
        Assert.Equal(issued + 3600, claims.RootElement.GetProperty("exp").GetInt64());
    }

    [Fact]
    public async Task The_path_of_a_key_does_as_well_as_the_key_and_so_does_the_variable_of_Google()
    {
        await using var google = Tokens();
        var file = KeyFile(google);
        await using var vertex = ScriptedUpstream.Json("{}");
        await using var byPath = await StartAsync(vertex, $"credentials: {file}");
        await using var byVariable = await StartAsync(vertex, "", ("GOOGLE_APPLICATION_CREDENTIALS", file));

        Assert.Equal(HttpStatusCode.OK, (await CallAsync(byPath)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await CallAsync(byVariable)).StatusCode);

        Assert.Equal(["Bearer token-1", "Bearer token-2"], vertex.Requests.Select(seen => seen.Headers["authorization"]), StringComparer.Ordinal);
    }

    [Theory]
    [InlineData("credentials: metadata, project: p")]
    [InlineData("project: p")]
    public async Task The_service_account_of_the_machine_is_asked_of_its_metadata_server(string keys)
    {
        await using var metadata = Tokens();
        await using var vertex = ScriptedUpstream.Json("{}");
        await using var gateway = await StartAsync(vertex, keys, ("GCE_METADATA_HOST", metadata.Address.Authority));

        Assert.Equal(HttpStatusCode.OK, (await CallAsync(gateway)).StatusCode);

        var asked = Assert.Single(metadata.Requests);
        Assert.Equal(("GET", "/computeMetadata/v1/instance/service-accounts/default/token"), (asked.Method, asked.Target));
        Assert.Equal("Google", asked.Headers["metadata-flavor"]);
        Assert.Equal("Bearer token-1", Assert.Single(vertex.Requests).Headers["authorization"]);
    }

    [Fact]
    public async Task A_token_is_renewed_before_its_end_while_exchanges_go_on_with_it()
    {
        await using var metadata = Tokens();
        await using var vertex = ScriptedUpstream.Json("{}");
        await using var gateway = await StartAsync(vertex, "project: p", ("GCE_METADATA_HOST", metadata.Address.Authority));
        _ = await CallAsync(gateway);

        _time.Advance(TimeSpan.FromMinutes(54));
        _ = await CallAsync(gateway);
        Assert.Single(metadata.Requests);

        _time.Advance(TimeSpan.FromMinutes(2));
        _ = await CallAsync(gateway);
        Assert.Equal("Bearer token-1", vertex.Requests.Last().Headers["authorization"]);
        _ = await Eventually.GetAsync(
            async () => (await CallAsync(gateway)).IsSuccessStatusCode && vertex.Requests.Last().Headers["authorization"] == "Bearer token-2" ? (bool?)true : null, "the next token");
        Assert.Equal(2, metadata.Requests.Count);
    }

    [Fact]
    public async Task A_reload_that_changes_something_else_keeps_the_token()
    {
        await using var metadata = Tokens();
        await using var vertex = ScriptedUpstream.Json("{}");
        await using var gateway = await StartAsync(vertex, "project: p", ("GCE_METADATA_HOST", metadata.Address.Authority));
        _ = await CallAsync(gateway);

        await File.AppendAllTextAsync(gateway.ConfigurationFile, "\ntimeout: { total: 10m }\n", TestContext.Current.CancellationToken);
        Assert.True(gateway.Application.Snapshots.Load("test"));
        _ = await CallAsync(gateway);

        Assert.Equal(2, vertex.Requests.Count);
        Assert.Single(metadata.Requests);
    }

    [Fact]
    public async Task A_token_that_is_already_there_is_sent_as_it_is()
    {
        await using var vertex = ScriptedUpstream.Json("{}");
        await using var gateway = await StartAsync(vertex, "project: p, access_token: ready-token");

        _ = await CallAsync(gateway);

        Assert.Equal("Bearer ready-token", Assert.Single(vertex.Requests).Headers["authorization"]);
    }

    [Theory]
    [InlineData(400, """{"error":"invalid_grant","error_description":"Invalid JWT Signature."}""", "answered 400: invalid_grant, Invalid JWT Signature")]
    [InlineData(503, "busy", "answered 503")]
    [InlineData(302, "", "answered 302")]
    [InlineData(200, "{}", "has no access token in it")]
    [InlineData(200, """{"access_token":"t","expires_in":"soon"}""", "has no access token in it")]
    [InlineData(200, "[", "has no access token in it")]
    [InlineData(200, """{"access_token":"a\r\nb: c","expires_in":3600}""", "has no access token in it")]
    public async Task A_token_endpoint_that_fails_is_told_to_the_caller_without_the_key(int status, string body, string message)
    {
        await using var google = ScriptedUpstream.Json(body, status);
        await using var vertex = ScriptedUpstream.Json("{}");
        await using var gateway = await StartAsync(vertex, $"credentials: {KeyFile(google)}");

        var response = await CallAsync(gateway);

        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Contains("There is no access token for 'vertex'", text, StringComparison.Ordinal);
        Assert.Contains(message, text, StringComparison.Ordinal);
        Assert.DoesNotContain("PRIVATE KEY", text + gateway.Logs.Text, StringComparison.Ordinal);
        Assert.Empty(vertex.Requests);
    }

    [Fact]
    public async Task A_token_endpoint_that_talks_without_end_is_cut_off()
    {
        await using var google = new ScriptedUpstream(async (_, connection) =>
        {
            await connection.StartChunkedAsync(200, "application/json");
            while (!connection.IsClosed)
            {
                await connection.ChunkAsync(new byte[64 * 1024]);
            }
        });
        await using var vertex = ScriptedUpstream.Json("{}");
        await using var gateway = await StartAsync(vertex, $"credentials: {KeyFile(google)}");

        Assert.Equal(HttpStatusCode.BadGateway, (await CallAsync(gateway)).StatusCode);
    }

    /// <summary>Each token is another one, good for an hour.</summary>
    private static ScriptedUpstream Tokens()
    {
        var count = 0;
        return new ScriptedUpstream((_, connection) => connection.RespondAsync(
            200, "application/json", $$"""{"access_token":"token-{{Interlocked.Increment(ref count)}}","expires_in":3600,"token_type":"Bearer"}"""));
    }

    private string KeyFile(ScriptedUpstream google)
    {
        var file = System.IO.Path.Combine(_folder.Path, "key.json");
        File.WriteAllText(file, JsonSerializer.Serialize(new
        {
            type = "service_account",
            project_id = "project",
            private_key_id = "key-1",
            private_key = _key.ExportPkcs8PrivateKeyPem(),
            client_email = "gateway@project.iam.gserviceaccount.com",
            token_uri = new Uri(google.Address, "/token").ToString(),
        }));
        return file;
    }

    private Task<GatewayHost> StartAsync(ScriptedUpstream vertex, string keys, params (string Name, string Value)[] environment) => GatewayHost.StartAsync(
        $"providers:\n  vertex: {{ base_url: \"{vertex.Address.ToString().TrimEnd('/')}\"{(keys.Length > 0 ? $", {keys}" : "")} }}\n", _time,
        environment: environment.ToDictionary(variable => variable.Name, variable => variable.Value, StringComparer.Ordinal));

    private static Task<HttpResponseMessage> CallAsync(GatewayHost gateway)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, Path) { Content = new StringContent("{}", Encoding.UTF8, "application/json") };
        request.Headers.Add("x-gatehouse-provider", "vertex");
        return gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);
    }
}
