using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Gatehouse.Alerts;
using Gatehouse.Configuration;
using Gatehouse.Configuration.Binding;
using Gatehouse.Identity;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Runs;
using Gatehouse.Storage;
using Gatehouse.Telemetry;
using Gatehouse.Tests.Harness;
using Microsoft.Extensions.Logging.Abstractions;

namespace Gatehouse.Tests.Runs;

/// <summary>A tracker of runs with a clock that is moved by hand, and exchanges that nobody sends.</summary>
internal sealed class RunRig : IDisposable, IAlerts
{
    public const string Chat = """{"model":"sandbox/echo","messages":[{"role":"user","content":"hi"}]}""";

    private readonly TemporaryFolder _folder = new();
    private readonly Database _database;
    private readonly GatewayMetrics _metrics = new();
    private readonly Snapshot _snapshot;

    public RunRig(string policies = "[]", int mostRuns = RunTracker.MostRuns)
    {
        _database = Database.Open($"sqlite:{Path.Combine(_folder.Path, "runs.db")}", Time);
        Tracker = new RunTracker(new RunStore(_database), this, _metrics, Time, NullLogger<RunTracker>.Instance, mostRuns);
        var errors = new ConfigurationErrors("test");
        var options = new YamlBinder(errors, _ => null, _ => "").Bind<GatewayOptions>($"providers: {{ sandbox: {{}} }}\nruns: {policies}");
        _snapshot = new SnapshotCompiler(errors, Time, new SeededRandom(1), _ => null).Compile(options, [], previous: null);
        Assert.Empty(errors.Messages);
    }

    public ManualTime Time { get; } = new();

    public RunTracker Tracker { get; }

    public ConcurrentQueue<Alert> Raised { get; } = new();

    public ConcurrentQueue<(string Kind, string Subject)> Resolved { get; } = new();

    public Exchange Call(string? run, string key = "k", string? agent = null, string body = Chat, string? organization = null, params (string Name, string Value)[] headers)
    {
        var all = headers.ToDictionary(header => header.Name, header => header.Value, StringComparer.OrdinalIgnoreCase);
        if (run is not null)
        {
            all["x-gatehouse-run"] = run;
        }

        var payer = new Payer { Agent = agent, Organization = organization };
        var owner = new ApiKey(key, key, default, KeyOwner.File) { Models = ["*"], Payer = payer };
        var (exchange, error) = RehearsedExchange.Of(Operation.Chat, "/v1/chat/completions", "sandbox/echo", Encoding.UTF8.GetBytes(body), owner, all, _snapshot, Time);
        Assert.Null(error);
        exchange!.Payer = payer;
        Tracker.Identify(exchange);
        // Ids of one moment have no order.
        Time.Advance(TimeSpan.FromMilliseconds(1));
        return exchange;
    }

    public async Task<GatewayError?> EnterAsync(Exchange exchange) => (await Tracker.EnterAsync(exchange)).Error;

    public void End(Exchange exchange, long input = 10, long output = 5, long? cost = null, ExchangeOutcome outcome = ExchangeOutcome.Completed)
    {
        var facts = new OpenAiAnswerFacts();
        _ = facts.Read(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $$$"""{"id":"x","usage":{"prompt_tokens":{{{input}}},"completion_tokens":{{{output}}}}}""")), out _);
        (exchange.Facts, exchange.CostNanoUsd, exchange.Outcome) = (facts, cost, outcome);
        Tracker.Leave(exchange);
    }

    /// <summary>One call from its beginning to its end.</summary>
    public async Task<GatewayError?> MakeAsync(Exchange exchange, long input = 10, long output = 5, long? cost = null)
    {
        var error = await EnterAsync(exchange);
        End(exchange, input, output, cost, error is null ? ExchangeOutcome.Completed : ExchangeOutcome.Refused);
        return error;
    }

    public void Raise(Alert alert) => Raised.Enqueue(alert);

    public void Resolve(string kind, string subject, string message) => Resolved.Enqueue((kind, subject));

    public void Dispose()
    {
        _metrics.Dispose();
        _database.Dispose();
        _folder.Dispose();
    }
}
