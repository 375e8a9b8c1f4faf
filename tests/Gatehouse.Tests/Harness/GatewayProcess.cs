using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Gatehouse.Tests.Harness;

/// <summary>The program itself as a process of its own, as a user runs it.</summary>
internal sealed partial class GatewayProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _out = new();
    private readonly ConcurrentQueue<string> _error = new();
    private readonly TaskCompletionSource<Match> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private GatewayProcess(ProcessStartInfo start)
    {
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Read(line.Data, _out);
        _process.ErrorDataReceived += (_, line) => Read(line.Data, _error);
        _ = _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public Uri Address { get; private set; } = null!;

    /// <summary>A client of the data plane with the key of the tests.</summary>
    public HttpClient Client { get; private set; } = null!;

    /// <summary>A client of the admin listener with the token of the tests.</summary>
    public HttpClient Admin { get; private set; } = null!;

    public bool HasExited => _process.HasExited;

    public int Id => _process.Id;

    public string[] Output => [.. _out];

    public string[] Errors => [.. _error];

    public string AllText => string.Join('\n', [.. _out, .. _error]);

    /// <summary>Writes a configuration with the token and the key of the tests, and the upstream as <c>mock</c>.</summary>
    /// <param name="more">Further lines.</param>
    public static void Configure(string folder, Uri upstream, string more = "") => File.WriteAllText(
        Path.Combine(folder, "gatehouse.yaml"),
        $$"""
        admin: { token: {{GatewayHost.AdminToken}} }
        keys: [ { name: test, secret: {{GatewayHost.Key}}, models: ["*"] } ]
        {{GatewayHost.MockProvider(upstream)}}{{more}}
        """);

    /// <summary>Starts any command and waits for its end.</summary>
    public static async Task<(int ExitCode, string Output, string Error)> RunAsync(
        string[] arguments, string folder, params (string Name, string? Value)[] environment)
    {
        await using var gateway = new GatewayProcess(StartInfo(arguments, folder, environment));
        var code = await gateway.ExitAsync();
        return (code, string.Join('\n', gateway._out), string.Join('\n', gateway._error));
    }

    /// <summary>Starts <c>serve</c> on free ports without waiting for it.</summary>
    public static GatewayProcess Begin(string folder, string[] arguments, params (string Name, string? Value)[] environment) =>
        new(StartInfo(["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", .. arguments], folder, environment));

    /// <summary>Starts <c>serve</c> on free ports and waits for the line that says it is ready.</summary>
    public static async Task<GatewayProcess> ServeAsync(string folder, string[] arguments, params (string Name, string? Value)[] environment)
    {
        var gateway = Begin(folder, arguments, environment);
        await gateway.ReadyAsync();
        return gateway;
    }

    public async Task ReadyAsync()
    {
        var first = await Task.WhenAny(_ready.Task, _process.WaitForExitAsync(TestContext.Current.CancellationToken));
        Assert.True(first == _ready.Task, $"The gateway ended before it was ready:\n{AllText}");
        var line = await _ready.Task;
        Address = new Uri(line.Groups["data"].Value);
        Client = NewClient(Address, GatewayHost.Key);
        Admin = NewClient(new Uri(line.Groups["admin"].Value), GatewayHost.AdminToken);
    }

    /// <summary><c>kill -9</c>.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    public void Kill() => _process.Kill();

    /// <param name="signal">Its name, such as <c>TERM</c>.</param>
    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Waits for the end; all output has been read then.</summary>
    public async Task<int> ExitAsync()
    {
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return _process.ExitCode;
    }

    public Task LogLineAsync(string part) =>
        Eventually.TrueAsync(() => _error.Any(line => line.Contains(part, StringComparison.Ordinal)), $"'{part}' in the log");

    /// <summary>All rows of the ledger.</summary>
    public async Task<List<JsonElement>> AllExchangesAsync()
    {
        var rows = new List<JsonElement>();
        for (var before = ""; ;)
        {
            var page = await GetAsync($"/api/v1/exchanges?limit=1000{before}");
            rows.AddRange(page.GetProperty("data").EnumerateArray().Select(row => row.Clone()));
            if (page.GetProperty("next").GetString() is not { } next)
            {
                return rows;
            }

            before = $"&before={next}";
        }
    }

    public async Task<JsonElement> GetAsync(string path)
    {
        await using var stream = await Admin.GetStreamAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
        using var document = await JsonDocument.ParseAsync(stream, cancellationToken: TestContext.Current.CancellationToken);
        return document.RootElement.Clone();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync(CancellationToken.None);
        }

        Client?.Dispose();
        Admin?.Dispose();
        _process.Dispose();
    }

    private static ProcessStartInfo StartInfo(string[] arguments, string folder, (string Name, string? Value)[] environment)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Gatehouse.dll"), .. arguments])
        {
            WorkingDirectory = folder,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in start.Environment.Keys.Where(IsOurs).ToArray())
        {
            _ = start.Environment.Remove(name);
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return start;
    }

    /// <summary>Settings of the person who runs the tests must not reach the program.</summary>
    private static bool IsOurs(string name) =>
        name.StartsWith("GATEHOUSE_", StringComparison.Ordinal) || name.StartsWith("OTEL_", StringComparison.Ordinal);

    private static HttpClient NewClient(Uri address, string bearer)
    {
        var client = new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromSeconds(60) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
        return client;
    }

    private void Read(string? line, ConcurrentQueue<string> lines)
    {
        if (line is null)
        {
            return;
        }

        lines.Enqueue(line);
        if (lines == _out && ReadyLine().Match(line) is { Success: true } ready)
        {
            _ = _ready.TrySetResult(ready);
        }
    }

    [GeneratedRegex(@"^ready: (?<data>http://[0-9.]+:\d+) \(admin (?<admin>http://[0-9.]+:\d+)\)$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ReadyLine();
}
