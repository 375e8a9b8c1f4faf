using System.Text;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests;

/// <summary>What a collector receives over OTLP/HTTP. The SDK reads the environment of its process, so the program runs as one.</summary>
public sealed class OtlpTests : IDisposable
{
    private const string TraceId = "4bf92f3577b34da6a3ce929d0e0e4736";
    private const string ParentId = "00f067aa0ba902b7";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task An_exchange_is_a_span_of_the_callers_trace_with_the_GenAI_attributes_and_metrics_arrive_too()
    {
        await using var collector = new ScriptedUpstream((_, connection) => connection.RespondAsync(200, "application/x-protobuf", ""));
        await using var provider = ScriptedUpstream.Json("""
            {"id":"chatcmpl-7","model":"gpt-x-2026","choices":[{"index":0,"message":{},"finish_reason":"stop"}],
             "usage":{"prompt_tokens":12,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":2}}}
            """);
        await using var gateway = await ServeAsync(collector, provider);

        var asked = await AskAsync(gateway, $"00-{TraceId}-{ParentId}-01");
        Assert.Equal(200, asked);
        await gateway.SignalAsync("TERM");
        Assert.Equal(0, await gateway.ExitAsync());

        var span = Assert.Single(Spans(collector));
        Assert.Equal("chat gpt-x", span.Text(5));
        Assert.Equal(TraceId, span.Hex(1));
        Assert.Equal(ParentId, span.Hex(4));
        const ulong Client = 3;
        Assert.Equal(Client, span.Number(6));
        var attributes = span.Attributes(9);
        foreach (var (name, value) in new[]
        {
            ("gen_ai.operation.name", "chat"), ("gen_ai.provider.name", "openai-compatible"), ("gen_ai.request.model", "gpt-x"),
            ("gen_ai.response.id", "chatcmpl-7"), ("gen_ai.response.model", "gpt-x-2026"), ("gen_ai.response.finish_reasons", "[stop]"),
            ("gen_ai.usage.input_tokens", "12"), ("gen_ai.usage.output_tokens", "5"), ("gen_ai.usage.cache_read.input_tokens", "4"),
            ("gen_ai.usage.reasoning.output_tokens", "2"), ("server.address", "127.0.0.1"), ("http.response.status_code", "200"),
        })
        {
            Assert.True(attributes.GetValueOrDefault(name) == value, $"{name}: {attributes.GetValueOrDefault(name)}, not {value}");
        }

        // The provider is told of the same trace, with the gateway's own span as the parent.
        Assert.Equal($"00-{TraceId}-{span.Hex(2)}-01", Assert.Single(provider.Requests).Headers["traceparent"]);
        Assert.Superset(
            new HashSet<string>(["gen_ai.client.operation.duration", "gen_ai.client.token.usage", "gatehouse.exchanges"], StringComparer.Ordinal), MetricNames(collector));
        // Nothing that was said is in the telemetry, nor a secret.
        Assert.All(collector.Requests, request =>
        {
            Assert.Equal("application/x-protobuf", request.Headers["content-type"]);
            Assert.DoesNotContain("what was said", request.Text, StringComparison.Ordinal);
            Assert.DoesNotContain(GatewayHost.Key, request.Text, StringComparison.Ordinal);
            Assert.DoesNotContain("upstream-secret", request.Text, StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task A_failure_marks_its_span_and_a_call_without_a_trace_begins_one()
    {
        await using var collector = new ScriptedUpstream((_, connection) => connection.RespondAsync(200, "application/x-protobuf", ""));
        await using var provider = ScriptedUpstream.Json("""{"error":{"message":"no"}}""", status: 500);
        await using var gateway = await ServeAsync(collector, provider);

        Assert.Equal(500, await AskAsync(gateway, traceParent: null));
        await gateway.SignalAsync("TERM");
        Assert.Equal(0, await gateway.ExitAsync());

        var span = Assert.Single(Spans(collector));
        Assert.Equal(16, span.Hex(1).Length / 2);
        Assert.Equal("", span.Hex(4));
        Assert.Equal("upstream_error", span.Attributes(9)["error.type"]);
        const ulong Error = 2;
        Assert.Equal(Error, span.Messages(15).Single().Number(3));
    }

    [Fact]
    public async Task A_collector_that_is_down_holds_nothing_up()
    {
        await using var provider = ScriptedUpstream.Json("{}");
        Configure(provider);
        await using var gateway = await GatewayProcess.ServeAsync(
            _folder.Path, [], ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"));

        Assert.Equal(200, await AskAsync(gateway, traceParent: null));
        await gateway.SignalAsync("TERM");
        Assert.Equal(0, await gateway.ExitAsync());
    }

    private Task<GatewayProcess> ServeAsync(ScriptedUpstream collector, ScriptedUpstream provider)
    {
        Configure(provider);
        return GatewayProcess.ServeAsync(
            _folder.Path, [],
            ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Address.ToString().TrimEnd('/')), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"));
    }

    private void Configure(ScriptedUpstream provider) => File.WriteAllText(
        Path.Combine(_folder.Path, "gatehouse.yaml"),
        $$"""
        admin: { token: {{GatewayHost.AdminToken}} }
        keys: [ { name: test, secret: {{GatewayHost.Key}}, models: ["*"] } ]
        {{GatewayHost.MockProvider(provider.Address)}}
        """);

    private static async Task<int> AskAsync(GatewayProcess gateway, string? traceParent)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = new StringContent("""{"model":"mock/gpt-x","messages":[{"role":"user","content":"what was said"}]}""", Encoding.UTF8, "application/json"),
        };
        if (traceParent is not null)
        {
            request.Headers.Add("traceparent", traceParent);
        }

        using var response = await gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);
        return (int)response.StatusCode;
    }

    /// <summary>ExportTraceServiceRequest.resource_spans = 1, .scope_spans = 2, .spans = 2.</summary>
    private static List<ProtobufMessage> Spans(ScriptedUpstream collector) => Received(collector, "/v1/traces")
        .SelectMany(export => export.Messages(1)).SelectMany(resource => resource.Messages(2)).SelectMany(scope => scope.Messages(2)).ToList();

    /// <summary>ExportMetricsServiceRequest.resource_metrics = 1, .scope_metrics = 2, .metrics = 2, .name = 1.</summary>
    private static HashSet<string> MetricNames(ScriptedUpstream collector) => Received(collector, "/v1/metrics")
        .SelectMany(export => export.Messages(1)).SelectMany(resource => resource.Messages(2)).SelectMany(scope => scope.Messages(2))
        .Select(metric => metric.Text(1)).ToHashSet(StringComparer.Ordinal);

    private static IEnumerable<ProtobufMessage> Received(ScriptedUpstream collector, string path) =>
        collector.Requests.Where(request => request.Target == path).Select(request => new ProtobufMessage(request.Body));
}
