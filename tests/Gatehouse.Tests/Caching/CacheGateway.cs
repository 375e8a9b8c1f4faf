using System.Net;
using System.Text;
using System.Text.Json;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Caching;

/// <summary>A provider that never says the same twice, and gateways in front of it with a route that keeps answers.</summary>
internal static class CacheGateway
{
    public const string OtherKey = "gh_test_key_of_another_tenant";

    /// <summary>Each answer has its number in its text.</summary>
    public static ScriptedUpstream Counting(Func<int, Task>? before = null)
    {
        var count = 0;
        return new ScriptedUpstream(async (request, connection) =>
        {
            var number = Interlocked.Increment(ref count);
            await (before?.Invoke(number) ?? Task.CompletedTask);
            if (!request.Text.Contains("\"stream\":true", StringComparison.Ordinal))
            {
                await connection.RespondAsync(200, "application/json", Answer(number), "x-request-id: req_upstream", "x-ratelimit-remaining-requests: 7");
                return;
            }

            await connection.StartChunkedAsync(200, "text/event-stream");
            foreach (var frame in Frames(number))
            {
                await connection.ChunkAsync(frame);
            }

            await connection.EndChunksAsync();
        });
    }

    public static string Answer(int number) =>
        $$$"""{"id":"chatcmpl-{{{number}}}","object":"chat.completion","created":1,"model":"gpt","choices":[{"index":0,"message":{"role":"assistant","content":"answer {{{number}}}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1000,"completion_tokens":500,"total_tokens":1500}}""";

    public static string[] Frames(int number) =>
    [
        $$$"""data: {"id":"chatcmpl-{{{number}}}","object":"chat.completion.chunk","created":1,"model":"gpt","choices":[{"index":0,"delta":{"role":"assistant","content":"answer "},"finish_reason":null}]}""" + "\n\n",
        $$$"""data: {"id":"chatcmpl-{{{number}}}","object":"chat.completion.chunk","created":1,"model":"gpt","choices":[{"index":0,"delta":{"content":"{{{number}}}"},"finish_reason":null}]}""" + "\n\n",
        $$$"""data: {"id":"chatcmpl-{{{number}}}","object":"chat.completion.chunk","created":1,"model":"gpt","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""" + "\n\n",
        $$$"""data: {"id":"chatcmpl-{{{number}}}","object":"chat.completion.chunk","created":1,"model":"gpt","choices":[],"usage":{"prompt_tokens":1000,"completion_tokens":500,"total_tokens":1500}}""" + "\n\n",
        "data: [DONE]\n\n",
    ];

    /// <param name="cache">What the route says of its cache.</param>
    /// <param name="more">Further sections.</param>
    public static string Yaml(ScriptedUpstream upstream, string cache = "{ exact: true }", string more = "") => GatewayHost.MockProvider(
        upstream.Address,
        $$"""
        routes:
          kept: { targets: [mock/gpt], cache: {{cache}} }
          free: { targets: [mock/gpt] }
        catalog:
          models: { "mock/gpt": { input_usd_per_mtok: 1.00, output_usd_per_mtok: 4.00 } }
        {{more}}
        """);

    public static string Chat(string text = "hi", string more = "", string model = "kept") =>
        $$"""{"model":"{{model}}","messages":[{"role":"user","content":"{{text}}"}]{{more}}}""";

    /// <summary>Posts a chat.</summary>
    public static async Task<HttpResponseMessage> AskAsync(this GatewayHost gateway, string body, string? key = null, string path = "/v1/chat/completions", params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        foreach (var (name, value) in headers)
        {
            Assert.True(request.Headers.TryAddWithoutValidation(name, value));
        }

        if (key is not null)
        {
            request.Headers.Authorization = new("Bearer", key);
        }

        return await gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);
    }

    /// <summary>What the cache said, and the whole answer.</summary>
    public static async Task<(string? Cache, string Text)> ReadAsync(this HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.StatusCode == HttpStatusCode.OK, $"{(int)response.StatusCode}: {text}");
        return (response.Header("x-gatehouse-cache"), text);
    }

    /// <summary>Asks, and tells what the cache said.</summary>
    public static async Task<string?> CacheOfAsync(this GatewayHost gateway, string body, string? key = null, params (string Name, string Value)[] headers)
    {
        using var response = await gateway.AskAsync(body, key, headers: headers);
        return (await response.ReadAsync()).Cache;
    }

    /// <summary>The cache as the admin API shows it.</summary>
    public static async Task<JsonElement> CacheAsync(this GatewayHost gateway) =>
        JsonElement.Parse(await gateway.Admin.GetStringAsync(new Uri("/api/v1/cache", UriKind.Relative), TestContext.Current.CancellationToken));

    public static async Task<JsonElement> CacheOfRouteAsync(this GatewayHost gateway, string route = "kept") =>
        (await gateway.CacheAsync()).GetProperty("routes").EnumerateArray().Single(item => item.GetProperty("route").GetString() == route).Clone();
}
