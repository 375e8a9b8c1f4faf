using System.Text.Json;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Clients;

/// <summary>A gateway in front of a provider that plays recorded answers in every format; the model's name chooses the recording.</summary>
public sealed class SdkGateway : IAsyncLifetime
{
    private ScriptedUpstream? _upstream;
    private GatewayHost? _gateway;

    public Uri Address => _gateway!.Address;

    public static string Key => GatewayHost.Key;

    /// <summary>Models of OpenAI's that are reached through its Responses API only; codex is one of them.</summary>
    public static string ModelOf(string provider, string kind) => $"{provider}/{(provider == "responses" ? $"codex-{kind}" : kind)}";

    public async ValueTask InitializeAsync()
    {
        _upstream = new ScriptedUpstream(async (request, connection) =>
        {
            var provider = request.Target.Split('/')[1];
            using var body = JsonDocument.Parse(request.Body);
            var model = body.RootElement.TryGetProperty("model", out var named) ? named.GetString()! : request.Target;
            var isStream = (body.RootElement.TryGetProperty("stream", out var stream) && stream.GetBoolean())
                || request.Target.Contains("stream", StringComparison.OrdinalIgnoreCase);
            var kind = Array.Find(["text", "tools", "error"], kind => model.Contains(kind, StringComparison.Ordinal))!;
            var recording = SdkRecordings.Of(provider, kind == "error" || !isStream ? kind : $"{kind}-stream");
            string[] headers = recording.AwsErrorType is { } type ? [$"x-amzn-errortype: {type}"] : [];
            await connection.RespondAsync(recording.Status, recording.ContentType, recording.Body, headers);
        });
        var url = _upstream.Address.GetLeftPart(UriPartial.Authority);
        _gateway = await GatewayHost.StartAsync($$"""
            providers:
              chat: { kind: openai-compatible, base_url: "{{url}}/chat/v1", api_key: upstream }
              responses: { kind: openai, base_url: "{{url}}/responses/v1", api_key: upstream }
              anthropic: { base_url: "{{url}}/anthropic", api_key: upstream }
              gemini: { base_url: "{{url}}/gemini", api_key: upstream }
              bedrock: { base_url: "{{url}}/bedrock", region: us-east-1, access_key_id: AKIAEXAMPLE, secret_access_key: upstream }
              cohere: { base_url: "{{url}}/cohere", api_key: upstream }
              ollama: { base_url: "{{url}}/ollama" }
              mistral: { base_url: "{{url}}/mistral/v1", api_key: upstream }
            """);
    }

    public async ValueTask DisposeAsync()
    {
        if (_gateway is not null)
        {
            await _gateway.DisposeAsync();
        }

        if (_upstream is not null)
        {
            await _upstream.DisposeAsync();
        }
    }
}
