using System.Globalization;
using System.Net;
using System.Text.Json;
using Gatehouse.Configuration;
using Gatehouse.Configuration.Binding;
using Gatehouse.Tests.Harness;
using Gatehouse.Upstream;

namespace Gatehouse.Tests;

public sealed class ProviderTableTests
{
    private static readonly string[] KnownQuirks = [ProviderEntry.AzurePaths, ProviderEntry.MistralFormat, ProviderEntry.NativeWithoutV1, "loopback_default"];

    /// <summary>The entries of providers.json, without the two kinds that are nobody's service.</summary>
    private static IEnumerable<ProviderEntry> Services =>
        ProviderTable.Entries.Values.Where(entry => entry.Kind is not (ProviderTable.Sandbox or ProviderTable.OpenAiCompatible));

    [Fact]
    public void At_least_sixty_kinds_speak_the_OpenAI_format() =>
        Assert.True(Services.Count(entry => entry.Dialect == ProviderDialect.Openai) >= 60);

    [Theory]
    [InlineData("openai")]
    [InlineData("azure-openai")]
    [InlineData("groq")]
    [InlineData("mistral")]
    [InlineData("deepseek")]
    [InlineData("xai")]
    [InlineData("together")]
    [InlineData("fireworks")]
    [InlineData("openrouter")]
    [InlineData("perplexity")]
    [InlineData("cerebras")]
    [InlineData("nebius")]
    [InlineData("ollama")]
    [InlineData("vllm")]
    [InlineData("llamacpp")]
    [InlineData("lmstudio")]
    [InlineData("openai-compatible")]
    [InlineData("sandbox")]
    public void The_providers_that_everybody_asks_for_are_there(string kind)
    {
        Assert.True(ProviderTable.Entries.TryGetValue(kind, out var entry), kind);
        Assert.Equal(ProviderDialect.Openai, entry.Dialect);
    }

    [Fact]
    public void Every_entry_says_where_it_is_from_and_when_that_was_looked_at() => Assert.All(Services, entry =>
    {
        Assert.NotEmpty(entry.Source);
        Assert.All(entry.Source, source => Assert.True(
            source.StartsWith("github:", StringComparison.Ordinal) || source.StartsWith("https://", StringComparison.Ordinal), source));
        Assert.True(DateOnly.TryParseExact(entry.Checked, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _), entry.Checked);
    });

    [Fact]
    public void A_base_URL_is_https_unless_it_is_on_this_machine_and_only_then_is_it_marked_so() => Assert.All(Services, entry =>
    {
        var isLoopback = false;
        if (entry.BaseUrl is not null)
        {
            var url = new Uri(entry.BaseUrl.Replace("{region}", "r", StringComparison.Ordinal).Replace("{location}", "l", StringComparison.Ordinal));
            isLoopback = IPAddress.TryParse(url.Host, out var address) && IPAddress.IsLoopback(address);
            Assert.Equal(isLoopback ? "http" : "https", url.Scheme);
            Assert.Equal("", url.UserInfo + url.Query + url.Fragment);
            Assert.False(entry.BaseUrl.EndsWith('/'), entry.BaseUrl);
        }
        else
        {
            Assert.False(string.IsNullOrEmpty(entry.BaseUrlHint), "neither a base URL nor a hint of one");
        }

        Assert.Equal(isLoopback, entry.HasQuirk("loopback_default"));
    });

    [Fact]
    public void Only_known_quirks_are_used() =>
        Assert.All(Services, entry => Assert.All(entry.Quirks, quirk => Assert.Contains(quirk, KnownQuirks, StringComparer.Ordinal)));

    [Fact]
    public void Kinds_are_unique_in_order_and_can_be_the_names_of_providers()
    {
        using var stream = typeof(ProviderTable).Assembly.GetManifestResourceStream("providers.json")!;
        using var file = JsonDocument.Parse(stream);
        var kinds = file.RootElement.GetProperty("providers").EnumerateArray().Select(entry => entry.GetProperty("kind").GetString()!).ToArray();

        Assert.Equal(kinds.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal), kinds, StringComparer.Ordinal);
        Assert.All(kinds, kind => Assert.All(kind, c => Assert.True(char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-', kind)));
    }

    [Fact]
    public void Every_kind_compiles_with_a_key_and_the_address_that_it_hints_at()
    {
        var errors = new ConfigurationErrors("gatehouse.yaml");
        var options = new GatewayOptions
        {
            Providers = ProviderTable.Entries.Values.ToDictionary(
                entry => entry.Kind,
                entry => new ProviderOptions
                {
                    ApiKey = entry.Auth == ProviderAuth.Google ? null : new Secret("key"),
                    AccessToken = entry.Auth == ProviderAuth.Google ? new Secret("token") : null,
                    Region = entry.Auth == ProviderAuth.Aws ? "us-east-1" : null,
                    Project = entry.Auth == ProviderAuth.Google ? "project" : null,
                    BaseUrl = entry.BaseUrl is null ? (entry.BaseUrlHint ?? "http://127.0.0.1:1/v1").Replace('_', '-') : null,
                },
                StringComparer.Ordinal),
        };

        var snapshot = new SnapshotCompiler(errors, new ManualTime(), new Random(1), _ => null).Compile(options, [], previous: null);

        Assert.Empty(errors.Messages);
        Assert.Equal(ProviderTable.Entries.Count, snapshot.Providers.Count);
    }

    [Fact]
    public void The_page_of_the_documentation_is_what_the_program_writes()
    {
        var page = Path.Combine(Repository.Root, "docs", "providers.md");
        Assert.True(
            File.Exists(page) && File.ReadAllText(page) == ProviderReference.Write(),
            "docs/providers.md is not what the provider table says. Write it anew: ./gatehouse config providers > docs/providers.md");
    }
}
