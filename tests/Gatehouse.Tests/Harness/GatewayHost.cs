using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Gatehouse.Configuration;
using Gatehouse.Hosting;
using Microsoft.Extensions.Logging;

namespace Gatehouse.Tests.Harness;

/// <summary>The real gateway in this process: real listeners on free ports of loopback, a real database in a folder of its own.</summary>
internal sealed class GatewayHost : IAsyncDisposable
{
    public const string Key = "gh_test_key_that_may_use_everything";
    public const string AdminToken = "gha_test_admin_token";

    private readonly GatewayApplication _application;
    private readonly TemporaryFolder _folder;
    private readonly bool _ownsFolder;

    private GatewayHost(GatewayApplication application, TemporaryFolder folder, bool ownsFolder, LogCapture logs)
    {
        _application = application;
        _folder = folder;
        _ownsFolder = ownsFolder;
        Logs = logs;
        Client = new HttpClient { BaseAddress = application.Address, Timeout = TimeSpan.FromSeconds(60) };
        Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key);
        Admin = new HttpClient { BaseAddress = application.AdminAddress, Timeout = TimeSpan.FromSeconds(60) };
        Admin.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", AdminToken);
    }

    /// <summary>A client with <see cref="Key"/>.</summary>
    public HttpClient Client { get; }

    /// <summary>A client of the admin listener, with its token.</summary>
    public HttpClient Admin { get; }

    public Uri Address => _application.Address;

    public GatewayApplication Application => _application;

    public string ConfigurationFile => Path.Combine(_folder.Path, "gatehouse.yaml");

    public LogCapture Logs { get; }

    /// <param name="yaml">Configuration; listeners, storage, admin token and the key <see cref="Key"/> are added where it does not have them.</param>
    /// <param name="time">The clock; the system's by default.</param>
    /// <param name="folder">Where the data is, to start again on it; one of its own by default.</param>
    /// <param name="environment">Environment variables.</param>
    public static async Task<GatewayHost> StartAsync(
        string yaml, TimeProvider? time = null, TemporaryFolder? folder = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        var ownsFolder = folder is null;
        folder ??= new TemporaryFolder();
        var file = Path.Combine(folder.Path, "gatehouse.yaml");
        await File.WriteAllTextAsync(file, Complete(yaml));
        var logs = new LogCapture();
        var logging = LoggerFactory.Create(builder => builder.AddProvider(logs).SetMinimumLevel(LogLevel.Debug).AddFilter("Microsoft", LogLevel.Warning));
        var application = GatewayApplication.Build(
            new StartOptions(file, folder.Path, "127.0.0.1:0", "127.0.0.1:0"),
            new GatewayEnvironment(time ?? TimeProvider.System, new SeededRandom(1), logging, name => environment?.GetValueOrDefault(name)));
        await application.StartAsync(CancellationToken.None);
        return new GatewayHost(application, folder, ownsFolder, logs);
    }

    /// <summary>A configuration with one provider, <c>mock</c>, at an address.</summary>
    public static string MockProvider(Uri upstream, string more = "") =>
        $"providers:\n  mock: {{ kind: openai-compatible, base_url: \"{upstream.ToString().TrimEnd('/')}/v1\", api_key: upstream-secret }}\n{more}";

    public Task<HttpResponseMessage> PostAsync(string path, string json, HttpCompletionOption completion = HttpCompletionOption.ResponseContentRead)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
        return Client.SendAsync(request, completion, TestContext.Current.CancellationToken);
    }

    /// <summary>The newest rows of the ledger.</summary>
    public async Task<JsonElement[]> ExchangesAsync(string query = "limit=100")
    {
        await using var stream = await Admin.GetStreamAsync(new Uri($"/api/v1/exchanges?{query}", UriKind.Relative), TestContext.Current.CancellationToken);
        using var document = await JsonDocument.ParseAsync(stream, cancellationToken: TestContext.Current.CancellationToken);
        return document.RootElement.GetProperty("data").EnumerateArray().Select(element => element.Clone()).ToArray();
    }

    /// <summary>A route as the admin API shows it.</summary>
    public async Task<JsonElement> RouteAsync(string name)
    {
        await using var stream = await Admin.GetStreamAsync(new Uri("/api/v1/routes", UriKind.Relative), TestContext.Current.CancellationToken);
        using var document = await JsonDocument.ParseAsync(stream, cancellationToken: TestContext.Current.CancellationToken);
        return document.RootElement.GetProperty("data").EnumerateArray().Single(route => route.GetProperty("name").GetString() == name).Clone();
    }

    /// <summary>The row of an exchange, as soon as it is there.</summary>
    public Task<JsonElement> ExchangeAsync(HttpResponseMessage response) =>
        ExchangeAsync(row => row.GetProperty("id").GetString() == response.Headers.GetValues("x-gatehouse-exchange").Single());

    public async Task<JsonElement> ExchangeAsync(Func<JsonElement, bool> condition) =>
        await Eventually.GetAsync(async () => (await ExchangesAsync()).Where(condition).Select(row => (JsonElement?)row).FirstOrDefault(), "a ledger row");

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        Admin.Dispose();
        await _application.DisposeAsync();
        if (_ownsFolder)
        {
            _folder.Dispose();
        }
    }

    private static string Complete(string yaml)
    {
        if (!yaml.Contains("token:", StringComparison.Ordinal))
        {
            yaml += $"\nadmin: {{ token: {AdminToken} }}\n";
        }

        if (!yaml.Contains("\nkeys:", StringComparison.Ordinal))
        {
            yaml += $"\nkeys:\n  - {{ name: test, secret: {Key}, models: [\"*\"] }}\n";
        }

        return yaml;
    }
}
