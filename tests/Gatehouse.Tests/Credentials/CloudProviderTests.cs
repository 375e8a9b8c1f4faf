using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Gatehouse.Configuration;
using Gatehouse.Configuration.Binding;
using Gatehouse.Tests.Harness;
using Gatehouse.Upstream;

namespace Gatehouse.Tests.Credentials;

/// <summary>What the providers of clouds are configured with, and every mistake that can be made of it.</summary>
public sealed class CloudProviderTests
{
    private readonly Dictionary<string, string> _variables = new(StringComparer.Ordinal);

    [Theory]
    [InlineData("bedrock: { region: us-east-1, api_key: k }", "https://bedrock-runtime.us-east-1.amazonaws.com")]
    [InlineData("bedrock: { region: us-east-1, access_key_id: a, secret_access_key: b }", "https://bedrock-runtime.us-east-1.amazonaws.com")]
    [InlineData("bedrock: { api_key: k, base_url: \"http://127.0.0.1:1/\" }", "http://127.0.0.1:1")]
    [InlineData("vertex: { project: p, access_token: t, location: us-east5 }", "https://us-east5-aiplatform.googleapis.com")]
    [InlineData("vertex: { project: p, access_token: t, location: global }", "https://aiplatform.googleapis.com")]
    [InlineData("vertex: { project: p, access_token: t }", "https://aiplatform.googleapis.com")]
    [InlineData("vertex: { project: p, access_token: t, location: eu }", "https://aiplatform.eu.rep.googleapis.com")]
    [InlineData("gemini: { api_key: k }", "https://generativelanguage.googleapis.com")]
    [InlineData("cohere: { api_key: k }", "https://api.cohere.com")]
    [InlineData("anthropic: { api_key: k }", "https://api.anthropic.com")]
    public void The_address_is_that_of_the_region_or_location(string provider, string baseUrl) => Assert.Equal(baseUrl, Compile(provider).BaseUrl);

    [Theory]
    [InlineData("ollama: {}", nameof(ProviderDialect.Openai))]
    [InlineData("ollama: { base_url: \"http://127.0.0.1:9/v1/\" }", nameof(ProviderDialect.Openai))]
    [InlineData("ollama: { base_url: \"http://127.0.0.1:9\" }", nameof(ProviderDialect.Ollama))]
    [InlineData("gemini: { api_key: k }", nameof(ProviderDialect.Gemini))]
    [InlineData("bedrock: { region: us-east-1 }", nameof(ProviderDialect.Bedrock))]
    [InlineData("vertex: { project: p }", nameof(ProviderDialect.Vertex))]
    [InlineData("cohere: { api_key: k }", nameof(ProviderDialect.Cohere))]
    [InlineData("vllm: { base_url: \"http://127.0.0.1:9\" }", nameof(ProviderDialect.Openai))]
    public void The_format_is_that_of_the_kind_and_of_its_base_URL(string provider, string dialect) => Assert.Equal(dialect, Compile(provider).Dialect.ToString());

    [Fact]
    public void A_Gemini_key_has_a_header_of_its_own() =>
        Assert.Contains(KeyValuePair.Create("x-goog-api-key", "k"), Compile("gemini: { api_key: k }").Headers);

    [Theory]
    [InlineData("api_key: k", "api-key", "k")]
    [InlineData("access_token: t", "authorization", "Bearer t")]
    public void Azure_takes_a_key_or_a_token_of_Entra(string keys, string header, string value) =>
        Assert.Equal([KeyValuePair.Create(header, value)], Compile($"azure-openai: {{ base_url: \"https://r.openai.azure.com\", {keys} }}").Headers);

    [Theory]
    [InlineData("bedrock: {}", "region is missing, such as region: us-east-1; or set AWS_REGION")]
    [InlineData("bedrock: { api_key: k }", "region is missing")]
    [InlineData("bedrock: { region: us-east-1, access_key_id: a }", "secret_access_key is missing")]
    [InlineData("bedrock: { region: us-east-1, secret_access_key: a }", "access_key_id is missing")]
    [InlineData("bedrock: { region: us-east-1, session_token: a }", "belongs to an access_key_id and a secret_access_key, which are missing (providers.bedrock.session_token")]
    [InlineData("bedrock: { region: us-east-1, api_key: k, access_key_id: a, secret_access_key: b }", "and an access key are both set")]
    [InlineData("bedrock: { region: \"evil.example/\", api_key: k }", "'evil.example/' is not the name of a region")]
    [InlineData("bedrock: { region: us-east-1, project: p }", "has no meaning for kind 'bedrock' (providers.bedrock.project")]
    [InlineData("bedrock: { region: us-east-1, access_key_id: \"a\\nb\", secret_access_key: s }", "must be printable ASCII; is there a line break at its end? (providers.bedrock.access_key_id")]
    [InlineData("openai: { api_key: k, region: us-east-1 }", "has no meaning for kind 'openai' (providers.openai.region")]
    [InlineData("openai: { api_key: k, access_token: t }", "has no meaning for kind 'openai' (providers.openai.access_token")]
    [InlineData("openai: { api_key: k, credentials: metadata }", "has no meaning for kind 'openai' (providers.openai.credentials")]
    [InlineData("vertex: { api_key: k, project: p }", "has no meaning for kind 'vertex'; use credentials or access_token (providers.vertex.api_key")]
    [InlineData("vertex: {}", "project is missing")]
    [InlineData("vertex: { project: \"a/b\" }", "'a/b' is not the id of a Google Cloud project")]
    [InlineData("vertex: { project: p, location: \"x.example/\" }", "'x.example/' is not the name of a region")]
    [InlineData("vertex: { project: p, access_token: t, credentials: metadata }", "and credentials are both set")]
    [InlineData("vertex: { project: p, credentials: /absent/key.json }", "is neither JSON, nor metadata, nor the path of a file that can be read")]
    [InlineData("vertex: { project: p, credentials: \"{}\" }", "is of type ''; only the key of a service_account")]
    [InlineData("vertex: { project: p, credentials: \"{\" }", "is not the JSON of a service account key")]
    [InlineData("vertex: { project: p, credentials: '{\"type\":\"service_account\"}' }", "has no client_email")]
    [InlineData("vertex: { project: p, credentials: '{\"type\":\"service_account\",\"client_email\":\"e\",\"private_key\":\"secret-stuff\"}' }", "has a private_key that is not a private RSA key in PEM form")]
    [InlineData("gemini: {}", "api_key is missing; Google Gemini API needs one, for example api_key: \"${GEMINI_API_KEY}\"")]
    [InlineData("azure-openai: { base_url: \"https://r.openai.azure.com\", api_key: k, access_token: t }", "and api_key are both set")]
    public void A_mistake_is_told_once_with_its_key_and_what_to_do(string provider, string message)
    {
        var error = Assert.Single(Errors(provider));
        Assert.Contains(message, error, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-stuff", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://169.254.169.254/token")]
    [InlineData("https://metadata.google.internal/token")]
    [InlineData("http://tokens.example/token")]
    [InlineData("file:///etc/passwd")]
    public void A_key_cannot_lead_the_gateway_to_a_metadata_service_or_over_an_open_line(string tokenUri)
    {
        using var rsa = RSA.Create(2048);
        var json = JsonSerializer.Serialize(new { type = "service_account", client_email = "e", private_key = rsa.ExportPkcs8PrivateKeyPem(), token_uri = tokenUri });

        Assert.Contains("has a token_uri", Assert.Single(Errors($"vertex: {{ project: p, credentials: '{json}' }}")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_public_key_is_not_taken_for_a_private_one()
    {
        using var rsa = RSA.Create(2048);
        var json = JsonSerializer.Serialize(new { type = "service_account", client_email = "e", private_key = rsa.ExportSubjectPublicKeyInfoPem() });

        Assert.Contains("not a private RSA key", Assert.Single(Errors($"vertex: {{ project: p, credentials: '{json}' }}")), StringComparison.Ordinal);
    }

    [Fact]
    public void Region_project_and_location_can_come_from_the_environment()
    {
        _variables["AWS_DEFAULT_REGION"] = "eu-west-1";
        _variables["GOOGLE_CLOUD_PROJECT"] = "from-the-environment";
        _variables["GOOGLE_CLOUD_LOCATION"] = "europe-west4";

        Assert.Equal("https://bedrock-runtime.eu-west-1.amazonaws.com", Compile("bedrock: {}").BaseUrl);
        var vertex = Compile("vertex: {}");
        Assert.Equal(("from-the-environment", "europe-west4", "https://europe-west4-aiplatform.googleapis.com"), (vertex.Project, vertex.Location, vertex.BaseUrl));
    }

    [Fact]
    public async Task A_request_to_Anthropic_says_a_version_and_the_callers_own_wins()
    {
        await using var anthropic = ScriptedUpstream.Json("{}");
        await using var gateway = await GatewayHost.StartAsync($"providers:\n  anthropic: {{ api_key: k, base_url: \"{anthropic.Address.ToString().TrimEnd('/')}\" }}\n");
        foreach (var version in new[] { null, "2026-10-21" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/messages/count_tokens") { Content = new StringContent("""{"model":"anthropic/m"}""", Encoding.UTF8, "application/json") };
            request.Headers.Add("x-gatehouse-provider", "anthropic");
            if (version is not null)
            {
                request.Headers.Add("anthropic-version", version);
            }

            _ = await gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);
        }

        Assert.Equal(["2023-06-01", "2026-10-21"], anthropic.Requests.Select(seen => seen.Headers["anthropic-version"]), StringComparer.Ordinal);
    }

    private ProviderModel Compile(string provider)
    {
        var (snapshot, errors) = Load(provider);
        Assert.Empty(errors);
        return Assert.Single(snapshot.Providers.Values);
    }

    private IReadOnlyList<string> Errors(string provider) => Load(provider).Errors;

    private (Snapshot Snapshot, IReadOnlyList<string> Errors) Load(string provider)
    {
        var errors = new ConfigurationErrors("gatehouse.yaml");
        var options = new YamlBinder(errors, _variables.GetValueOrDefault, File.ReadAllText).Bind<GatewayOptions>($"providers:\n  {provider}\n");
        return (new SnapshotCompiler(errors, new ManualTime(), new Random(1), _variables.GetValueOrDefault).Compile(options, [], previous: null), errors.Messages);
    }
}
