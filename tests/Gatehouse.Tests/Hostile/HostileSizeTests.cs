using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Hostile;

/// <summary>Bodies as large, as deep and as full of small things as the limit allows.</summary>
public sealed class HostileSizeTests
{
    private const string Answer = """{"id":"x","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"c"},"finish_reason":"stop"}]}""";

    [Theory]
    [InlineData("/v1/messages", """{"model":"chat/m","max_tokens":5,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"HERE"}}]}]}""")]
    [InlineData("/v1/responses", """{"model":"chat/m","store":false,"input":[{"role":"user","content":[{"type":"input_image","image_url":"data:image/png;base64,HERE"}]}]}""")]
    [InlineData("/v1beta/models/chat%2Fm:generateContent", """{"contents":[{"role":"user","parts":[{"inlineData":{"mimeType":"image/png","data":"HERE"}}]}]}""")]
    [InlineData("/v1/chat/completions", """{"model":"claude/m","max_tokens":5,"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,HERE"}}]}]}""")]
    [InlineData("/v1/chat/completions", """{"model":"bed/m","max_tokens":5,"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,HERE"}}]}]}""")]
    public async Task A_large_picture_is_translated_in_a_few_copies(string path, string body)
    {
        const int Size = 28 * 1024 * 1024;
        long received = 0;
        await using var upstream = new ScriptedUpstream((request, connection) =>
        {
            received = request.Body.Length;
            return connection.RespondAsync(200, "application/json", Answer);
        });
        await using var gateway = await GatewayHost.StartAsync(HostileProviders.Configuration(upstream.Address));
        var bytes = Encoding.UTF8.GetBytes(body.Replace("HERE", new string('A', Size), StringComparison.Ordinal));
        var plain = await AllocatedAsync(gateway, "/v1/completions", Encoding.UTF8.GetBytes("""{"model":"chat/m","prompt":"HERE"}""".Replace("HERE", new string('A', Size), StringComparison.Ordinal)));

        var allocated = await AllocatedAsync(gateway, path, bytes) - plain;

        Assert.InRange(received, Size, Size + 4096);
        // The caller's body, the one for the target, and what those need while they grow.
        Assert.True(allocated < 7L * Size, $"{allocated / (double)Size:0.0} times its size");
    }

    [Theory]
    [InlineData("/v1/messages", """{"model":"chat/m","max_tokens":5,"messages":[{"role":"user","content":[HERE]}]}""", """{"type":"text","text":"a"}""")]
    [InlineData("/v1/messages", """{"model":"gem/m","max_tokens":5,"messages":[HERE]}""", """{"role":"user","content":"a"}""")]
    [InlineData("/v1/chat/completions", """{"model":"claude/m","messages":[HERE]}""", """{"role":"tool","tool_call_id":"a","content":""}""")]
    [InlineData("/v1/chat/completions", """{"model":"bed/m","stop":[HERE],"messages":[{"role":"user","content":"x"}]}""", "\"\"")]
    [InlineData("/v1/chat/completions", """{"model":"claude/m","messages":[{"role":"user","content":"x"}],"tools":[HERE]}""", """{"type":"function","function":{"name":"a"}}""")]
    [InlineData("/v1/responses", """{"model":"gem/m","input":[HERE]}""", """{"role":"user","content":""}""")]
    [InlineData("/v1/responses", """{"model":"claude/m","input":[HERE]}""", """{"type":"reasoning","id":"","summary":[]}""")]
    [InlineData("/v1beta/models/claude%2Fm:generateContent", """{"contents":[{"role":"user","parts":[HERE]}]}""", """{"text":""}""")]
    [InlineData("/v1beta/models/co%2Fm:generateContent", """{"contents":[HERE]}""", """{"role":"model","parts":[{"functionCall":{"name":"a"}}]}""")]
    [InlineData("/v1/messages/count_tokens", """{"model":"co/m","messages":[HERE]}""", """{"role":"user","content":"a"}""")]
    [InlineData("/v1/embeddings", """{"model":"co/m","input":[HERE]}""", "\"\"")]
    [InlineData("/v1/rerank", """{"model":"co/m","query":"","documents":[HERE]}""", "\"\"")]
    public async Task Very_many_small_things_are_answered_in_time(string path, string body, string item)
    {
        await using var upstream = ScriptedUpstream.Json(Answer);
        await using var gateway = await GatewayHost.StartAsync(HostileProviders.Configuration(upstream.Address));
        var count = 8_000_000 / (item.Length + 1);
        var items = string.Join(',', Enumerable.Repeat(item, count));
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(40));

        var status = await SendAsync(gateway, path, Encoding.UTF8.GetBytes(body.Replace("HERE", items, StringComparison.Ordinal)), limit.Token);

        Assert.NotEqual(HttpStatusCode.InternalServerError, status);
    }

    [Fact]
    public async Task No_depth_makes_a_translation_fail()
    {
        await using var upstream = ScriptedUpstream.Json(Answer);
        await using var gateway = await GatewayHost.StartAsync(HostileProviders.Configuration(upstream.Address));
        string[] paths = ["/v1/messages", "/v1/messages/count_tokens"];
        foreach (var target in HostileProviders.Targets)
        {
            foreach (var path in paths)
            {
                for (var depth = 108; depth < 130; depth++)
                {
                    var body = """{"model":"MODEL","max_tokens":5,"tools":[{"name":"f","input_schema":{"type":"object","properties":{"a":{"type":"string","default":HERE}}}}],"messages":[{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{"a":HERE}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"r"}]}]}"""
                        .Replace("MODEL", target, StringComparison.Ordinal).Replace("HERE", HostileBodies.Nested(depth), StringComparison.Ordinal);

                    var status = await SendAsync(gateway, path, Encoding.UTF8.GetBytes(body), TestContext.Current.CancellationToken);

                    Assert.True(status != HttpStatusCode.InternalServerError, $"{path} {target} {depth.ToString(CultureInfo.InvariantCulture)}\n{gateway.Logs.Text}");
                }
            }
        }
    }

    private static async Task<long> AllocatedAsync(GatewayHost gateway, string path, byte[] body)
    {
        var before = GC.GetTotalAllocatedBytes(precise: true);
        _ = await SendAsync(gateway, path, body, TestContext.Current.CancellationToken);
        return GC.GetTotalAllocatedBytes(precise: true) - before;
    }

    private static async Task<HttpStatusCode> SendAsync(GatewayHost gateway, string path, byte[] body, CancellationToken cancellationToken)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = MediaTypeHeaderValue.Parse("application/json");
        using var response = await gateway.Client.PostAsync(new Uri(path, UriKind.Relative), content, cancellationToken);
        return response.StatusCode;
    }
}
