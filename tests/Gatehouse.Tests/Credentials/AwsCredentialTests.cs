using System.Net;
using System.Text;
using Gatehouse.Tests.Harness;
using Gatehouse.Upstream.Credentials;

namespace Gatehouse.Tests.Credentials;

/// <summary>Requests to Bedrock through the gateway, with the credentials from wherever they can come.</summary>
public sealed class AwsCredentialTests
{
    private const string Role = """{"Code":"Success","AccessKeyId":"ASIAROLE","SecretAccessKey":"role-secret","Token":"role-token","Expiration":"2026-11-20T18:00:00Z"}""";

    private readonly ManualTime _time = new();

    [Fact]
    public async Task A_request_is_signed_with_its_body_its_path_and_its_session()
    {
        await using var bedrock = ScriptedUpstream.Json("{}");
        await using var gateway = await StartAsync(
            bedrock, "region: eu-central-1, access_key_id: AKIDEXAMPLE, secret_access_key: the-secret, session_token: the-session");

        Assert.Equal(HttpStatusCode.OK, (await CallAsync(gateway, "/v1/model/amazon.nova-lite-v1%3A0/converse", """{"messages":[]}""")).StatusCode);

        var seen = Assert.Single(bedrock.Requests);
        Assert.Equal("/model/amazon.nova-lite-v1%3A0/converse", seen.Target);
        Assert.Equal("""{"messages":[]}""", seen.Text);
        Assert.Equal("the-session", seen.Headers["x-amz-security-token"]);
        AssertSigned(seen, "AKIDEXAMPLE", "the-secret", "eu-central-1", "content-type;host;x-amz-date;x-amz-security-token");
    }

    [Fact]
    public async Task What_a_caller_signed_for_somebody_else_does_not_pass()
    {
        await using var bedrock = ScriptedUpstream.Json("{}");
        await using var gateway = await StartAsync(bedrock, "region: us-east-1, access_key_id: AKIDEXAMPLE, secret_access_key: the-secret");

        _ = await CallAsync(
            gateway, "/v1/model/m/converse", "{}", ("x-amz-date", "20150830T123600Z"), ("x-amz-security-token", "theirs"), ("x-amz-content-sha256", "theirs"), ("x-amz-custom", "a  b"));

        var seen = Assert.Single(bedrock.Requests);
        Assert.DoesNotContain("x-amz-security-token", seen.Headers.Keys, StringComparer.OrdinalIgnoreCase);
        AssertSigned(seen, "AKIDEXAMPLE", "the-secret", "us-east-1", "content-type;host;x-amz-custom;x-amz-date");
    }

    [Fact]
    public async Task A_Bedrock_API_key_is_sent_as_bearer_and_nothing_is_signed()
    {
        await using var bedrock = ScriptedUpstream.Json("{}");
        await using var gateway = await StartAsync(bedrock, "api_key: bedrock-api-key");

        _ = await CallAsync(gateway, "/v1/model/m/converse", "{}");

        var seen = Assert.Single(bedrock.Requests);
        Assert.Equal("Bearer bedrock-api-key", seen.Headers["authorization"]);
        Assert.DoesNotContain("x-amz-date", seen.Headers.Keys, StringComparer.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task The_environment_is_used_where_the_file_names_no_key()
    {
        await using var bedrock = ScriptedUpstream.Json("{}");
        await using var gateway = await StartAsync(bedrock, "", ("AWS_REGION", "us-west-2"), ("AWS_ACCESS_KEY_ID", "AKIDENV"), ("AWS_SECRET_ACCESS_KEY", "env-secret"));

        _ = await CallAsync(gateway, "/v1/model/m/converse", "{}");

        AssertSigned(Assert.Single(bedrock.Requests), "AKIDENV", "env-secret", "us-west-2", "content-type;host;x-amz-date");
    }

    [Fact]
    public async Task The_role_of_the_machine_is_used_where_nothing_else_is_there()
    {
        await using var metadata = new ScriptedUpstream((request, connection) => (request.Method, request.Target) switch
        {
            ("PUT", "/latest/api/token") => connection.RespondAsync(200, "text/plain", "session-of-imds"),
            ("GET", "/latest/meta-data/iam/security-credentials/") => connection.RespondAsync(200, "text/plain", "the-role\n"),
            ("GET", "/latest/meta-data/iam/security-credentials/the-role") => connection.RespondAsync(200, "text/plain", Role),
            _ => connection.RespondAsync(404, "text/plain", ""),
        });
        await using var bedrock = ScriptedUpstream.Json("{}");
        await using var gateway = await StartAsync(bedrock, "region: us-east-1", ("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.Address.ToString()));

        _ = await CallAsync(gateway, "/v1/model/m/converse", "{}");
        _ = await CallAsync(gateway, "/v1/model/m/converse", "{}");

        Assert.Equal(2, bedrock.Requests.Count);
        Assert.All(bedrock.Requests, seen => AssertSigned(seen, "ASIAROLE", "role-secret", "us-east-1", "content-type;host;x-amz-date;x-amz-security-token"));
        var asked = metadata.Requests.ToArray();
        Assert.Equal(3, asked.Length);
        Assert.Equal("300", asked[0].Headers["x-aws-ec2-metadata-token-ttl-seconds"]);
        Assert.All(asked[1..], request => Assert.Equal("session-of-imds", request.Headers["x-aws-ec2-metadata-token"]));
    }

    [Fact]
    public async Task Fifty_exchanges_at_the_end_of_a_role_cause_one_fetch()
    {
        var expiration = _time.GetUtcNow() + TimeSpan.FromHours(1);
        var hold = new TaskCompletionSource();
        var isFirst = true;
        await using var container = new ScriptedUpstream(async (_, connection) =>
        {
            if (!isFirst)
            {
                await hold.Task;
            }

            isFirst = false;
            await connection.RespondAsync(200, "application/json", Role.Replace("2026-11-20T18:00:00Z", $"{expiration:yyyy-MM-ddTHH:mm:ssZ}", StringComparison.Ordinal));
        });
        await using var bedrock = ScriptedUpstream.Json("{}");
        await using var gateway = await StartAsync(bedrock, "region: us-east-1", ContainerAt(container));
        Assert.Equal(HttpStatusCode.OK, (await CallAsync(gateway, "/v1/model/m/converse", "{}")).StatusCode);

        _time.Advance(TimeSpan.FromHours(1));
        expiration += TimeSpan.FromHours(1);
        var calls = Enumerable.Range(0, 50).Select(_ => CallAsync(gateway, "/v1/model/m/converse", "{}")).ToArray();
        await Eventually.TrueAsync(() => container.Requests.Count == 2, "the second fetch");
        hold.SetResult();

        Assert.All(await Task.WhenAll(calls), response => Assert.Equal(HttpStatusCode.OK, response.StatusCode));
        Assert.Equal(51, bedrock.Requests.Count);
        Assert.Equal(2, container.Requests.Count);
    }

    [Fact]
    public async Task The_token_file_of_a_container_is_read_and_sent()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "token");
        await File.WriteAllTextAsync(file, "pod-token\n", TestContext.Current.CancellationToken);
        await using var container = ScriptedUpstream.Json(Role);
        await using var bedrock = ScriptedUpstream.Json("{}");
        await using var gateway = await StartAsync(bedrock, "region: us-east-1", ContainerAt(container), ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file));

        _ = await CallAsync(gateway, "/v1/model/m/converse", "{}");

        Assert.Equal("pod-token", Assert.Single(container.Requests).Headers["authorization"]);
        AssertSigned(Assert.Single(bedrock.Requests), "ASIAROLE", "role-secret", "us-east-1", "content-type;host;x-amz-date;x-amz-security-token");
    }

    [Theory]
    [InlineData(500, "oops", "answered 500")]
    [InlineData(403, """{"message":"not for you"}""", "answered 403: not for you")]
    [InlineData(200, "no json", "has no credentials in it")]
    [InlineData(200, """{"AccessKeyId":"a","SecretAccessKey":"b","Expiration":"never"}""", "has no credentials in it")]
    [InlineData(200, """{"AccessKeyId":"a","SecretAccessKey":"b","Expiration":"2026-11-20T11:00:00Z"}""", "clock")]
    public async Task A_source_that_fails_is_told_to_the_caller(int status, string body, string message)
    {
        await using var container = ScriptedUpstream.Json(body, status);
        await using var bedrock = ScriptedUpstream.Json("{}");
        await using var gateway = await StartAsync(bedrock, "region: us-east-1", ContainerAt(container));

        var response = await CallAsync(gateway, "/v1/model/m/converse", "{}");

        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Contains("There are no AWS credentials for 'bedrock'", text, StringComparison.Ordinal);
        Assert.Contains(message, text, StringComparison.Ordinal);
        Assert.Empty(bedrock.Requests);
    }

    [Fact]
    public async Task Without_any_source_the_caller_is_told_what_to_configure()
    {
        await using var bedrock = ScriptedUpstream.Json("{}");
        await using var gateway = await StartAsync(bedrock, "region: us-east-1", ("AWS_EC2_METADATA_DISABLED", "true"));

        var text = await (await CallAsync(gateway, "/v1/model/m/converse", "{}")).Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        Assert.Contains("set access_key_id and secret_access_key, or api_key", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://192.0.2.1/credentials")]
    [InlineData("http://169.254.169.254/latest")]
    [InlineData("not a url")]
    public async Task A_container_address_where_others_could_listen_is_refused(string address)
    {
        var metadata = new AwsMetadata(name => name == "AWS_CONTAINER_CREDENTIALS_FULL_URI" ? address : null, _time);

        Assert.Contains("is neither https nor", (await metadata.FetchAsync(TestContext.Current.CancellationToken)).Error!, StringComparison.Ordinal);
    }

    private static (string Name, string Value) ContainerAt(ScriptedUpstream container) =>
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", new Uri(container.Address, "/credentials").ToString());

    private Task<GatewayHost> StartAsync(ScriptedUpstream bedrock, string keys, params (string Name, string Value)[] environment) => GatewayHost.StartAsync(
        $"providers:\n  bedrock: {{ base_url: \"{bedrock.Address.ToString().TrimEnd('/')}\"{(keys.Length > 0 ? $", {keys}" : "")} }}\n", _time,
        environment: environment.ToDictionary(variable => variable.Name, variable => variable.Value, StringComparer.Ordinal));

    private static Task<HttpResponseMessage> CallAsync(GatewayHost gateway, string path, string body, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add("x-gatehouse-provider", "bedrock");
        foreach (var (name, value) in headers)
        {
            Assert.True(request.Headers.TryAddWithoutValidation(name, value));
        }

        return gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);
    }

    /// <summary>What the service does: sign what arrived and compare.</summary>
    private void AssertSigned(SeenRequest seen, string accessKeyId, string secret, string region, string signedHeaders)
    {
        var scope = new SignatureV4.Scope(DateTimeOffset.ParseExact(
            seen.Headers["x-amz-date"], "yyyyMMdd'T'HHmmss'Z'", null, System.Globalization.DateTimeStyles.AssumeUniversal), region, "bedrock");
        Assert.True(_time.GetUtcNow() - scope.Time <= TimeSpan.FromHours(2));
        var headers = signedHeaders.Split(';').Select(name => KeyValuePair.Create(name, seen.Headers[name])).ToArray();
        var canonical = SignatureV4.CanonicalRequest(seen.Method, seen.Target, "", headers, SignatureV4.PayloadHash(seen.Body));

        Assert.Equal(SignatureV4.Authorization(accessKeyId, SignatureV4.SigningKey(secret, scope), scope, canonical, headers), seen.Headers["authorization"]);
    }
}
