using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Translation;

/// <summary>The Responses API keeps its state at the gateway where the provider has none.</summary>
public sealed class ResponsesStateTests
{
    private const string OtherKey = "gh_another_key_of_the_tests";
    private static readonly string[] Said = ["question one", "Hello", "question two", "question three"];
    private const string Keys = $"\nkeys:\n  - {{ name: test, secret: {GatewayHost.Key}, models: [\"*\"] }}\n  - {{ name: other, secret: {OtherKey}, models: [\"*\"] }}\n";

    [Theory]
    [InlineData("chat/m")]
    [InlineData("claude/m")]
    [InlineData("gemini/m")]
    [InlineData("bedrock/m")]
    public async Task A_conversation_goes_on_over_several_turns(string target)
    {
        await using var mock = new ProviderMock();
        await using var gateway = await GatewayHost.StartAsync(mock.Providers);
        var first = await AskAsync(gateway, target, "question one");
        var second = await AskAsync(gateway, target, "question two", Id(first));
        var third = await AskAsync(gateway, target, "question three", Id(second));

        Assert.Equal(Id(second), third.GetProperty("previous_response_id").GetString());
        Assert.Equal(3, new[] { Id(first), Id(second), Id(third) }.Distinct(StringComparer.Ordinal).Count());
        var seen = mock.Last.Text;
        var places = Said.Select(text => seen.IndexOf(text, StringComparison.Ordinal)).ToArray();
        Assert.True(places[0] >= 0 && places.Order().SequenceEqual(places), seen);
        Assert.Equal(2, seen.Split("Hello").Length - 1);
        Assert.DoesNotContain("previous_response_id", seen, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_turn_can_be_branched_from_and_its_instructions_are_not_carried_over()
    {
        await using var mock = new ProviderMock();
        await using var gateway = await GatewayHost.StartAsync(mock.Providers);
        var first = await (await gateway.PostAsync("/v1/responses", """{"model":"chat/m","input":"one","instructions":"be terse"}""")).JsonAsync();

        _ = await AskAsync(gateway, "chat/m", "left", Id(first));
        _ = await AskAsync(gateway, "chat/m", "right", Id(first));

        Assert.DoesNotContain("left", mock.Last.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("terse", mock.Last.Text, StringComparison.Ordinal);
        Assert.Contains("one", mock.Last.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_kept_answer_can_be_read_listed_and_deleted_by_its_key_alone()
    {
        await using var mock = new ProviderMock();
        await using var gateway = await GatewayHost.StartAsync(mock.Providers + Keys);
        var answer = await AskAsync(gateway, "claude/m", "question");
        var path = $"/v1/responses/{Id(answer)}";

        using var read = await GetAsync(gateway, path);
        using var items = await GetAsync(gateway, path + "/input_items");
        using var foreign = await GetAsync(gateway, path, OtherKey);
        using var foreignItems = await GetAsync(gateway, path + "/input_items", OtherKey);
        using var foreignUse = await PostAsync(gateway, $$"""{"model":"claude/m","input":"x","previous_response_id":"{{Id(answer)}}"}""", OtherKey);
        using var foreignDelete = await SendAsync(gateway, HttpMethod.Delete, path, OtherKey);
        using var nobody = await SendAsync(gateway, HttpMethod.Get, path, "gh_unknown");
        using var deleted = await SendAsync(gateway, HttpMethod.Delete, path);
        using var gone = await GetAsync(gateway, path);
        using var goneDelete = await SendAsync(gateway, HttpMethod.Delete, path);

        Assert.Equal(answer.GetRawText(), (await read.JsonAsync()).GetRawText());
        var item = Assert.Single((await items.JsonAsync()).GetProperty("data").EnumerateArray());
        Assert.Equal("question", item.GetProperty("content")[0].GetProperty("text").GetString());
        _ = await foreign.ShouldFailAsync(HttpStatusCode.NotFound, "not_found");
        _ = await foreignItems.ShouldFailAsync(HttpStatusCode.NotFound, "not_found");
        _ = await foreignDelete.ShouldFailAsync(HttpStatusCode.NotFound, "not_found");
        Assert.Equal("previous_response_id", (await foreignUse.ShouldFailAsync(HttpStatusCode.BadRequest, "invalid_request")).GetProperty("param").GetString());
        _ = await nobody.ShouldFailAsync(HttpStatusCode.Unauthorized, "invalid_api_key");
        Assert.True((await deleted.JsonAsync()).GetProperty("deleted").GetBoolean());
        _ = await gone.ShouldFailAsync(HttpStatusCode.NotFound, "not_found");
        _ = await goneDelete.ShouldFailAsync(HttpStatusCode.NotFound, "not_found");
        Assert.Single(mock.Requests);
    }

    [Fact]
    public async Task A_kept_answer_expires()
    {
        var time = new ManualTime();
        await using var mock = new ProviderMock();
        await using var gateway = await GatewayHost.StartAsync(mock.Providers + "responses: { retention: 2h }\n", time);
        var answer = await AskAsync(gateway, "claude/m", "question");

        time.Advance(TimeSpan.FromMinutes(119));
        using var still = await GetAsync(gateway, $"/v1/responses/{Id(answer)}");
        time.Advance(TimeSpan.FromMinutes(2));
        using var expired = await GetAsync(gateway, $"/v1/responses/{Id(answer)}");
        using var delete = await SendAsync(gateway, HttpMethod.Delete, $"/v1/responses/{Id(answer)}");
        using var used = await PostAsync(gateway, $$"""{"model":"claude/m","input":"x","previous_response_id":"{{Id(answer)}}"}""");

        _ = await still.JsonAsync();
        _ = await expired.ShouldFailAsync(HttpStatusCode.NotFound, "not_found");
        _ = await delete.ShouldFailAsync(HttpStatusCode.NotFound, "not_found");
        _ = await used.ShouldFailAsync(HttpStatusCode.BadRequest, "invalid_request");
    }

    [Theory]
    [InlineData("0s")]
    [InlineData("99999d")]
    public async Task A_retention_out_of_range_is_refused(string retention)
    {
        var refused = await Assert.ThrowsAnyAsync<Exception>(() => GatewayHost.StartAsync($"responses: {{ retention: {retention} }}\n"));

        Assert.Contains("responses.retention", refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_is_kept_of_what_shall_not_be()
    {
        await using var mock = new ProviderMock();
        await using var gateway = await GatewayHost.StartAsync(mock.Providers);
        var answer = await (await gateway.PostAsync("/v1/responses", """{"model":"claude/m","input":"q","store":false}""")).JsonAsync();

        using var read = await GetAsync(gateway, $"/v1/responses/{Id(answer)}");

        _ = await read.ShouldFailAsync(HttpStatusCode.NotFound, "not_found");
        Assert.False(answer.GetProperty("store").GetBoolean());
    }

    [Theory]
    [InlineData("chat/m")]
    [InlineData("claude/m")]
    [InlineData("gemini/m")]
    public async Task A_streamed_answer_is_kept_as_it_was_streamed_and_survives_a_restart(string target)
    {
        using var folder = new TemporaryFolder();
        await using var mock = new ProviderMock();
        JsonElement completed;
        await using (var gateway = await GatewayHost.StartAsync(mock.Providers, folder: folder))
        {
            using var response = await gateway.PostAsync("/v1/responses", $$"""{"model":"{{target}}","input":"question one","stream":true}""");
            var frames = Caller.Frames(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Select(f => JsonElement.Parse(f)).ToArray();
            completed = frames[^1].GetProperty("response");
            Assert.All(frames.Where(f => f.TryGetProperty("response", out _)), f => Assert.Equal(Id(completed), Id(f.GetProperty("response"))));
            var itemId = completed.GetProperty("output")[0].GetProperty("id").GetString();
            Assert.All(frames.Where(f => f.TryGetProperty("item_id", out _)), f => Assert.Equal(itemId, f.GetProperty("item_id").GetString()));
        }

        await using var again = await GatewayHost.StartAsync(mock.Providers, folder: folder);
        using var read = await GetAsync(again, $"/v1/responses/{Id(completed)}");

        Assert.Equal(completed.GetRawText(), (await read.JsonAsync()).GetRawText());
        _ = await AskAsync(again, target, "question two", Id(completed));
        Assert.Contains("question one", mock.Last.Text, StringComparison.Ordinal);
        Assert.Contains("Hello", mock.Last.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_that_broke_off_is_not_kept()
    {
        await using var mock = new ProviderMock(async (_, connection) =>
        {
            await connection.StartChunkedAsync(200, "text/event-stream");
            await connection.ChunkAsync(ProviderMock.ChatFrames[0]);
            connection.Reset();
            return true;
        });
        await using var gateway = await GatewayHost.StartAsync(mock.Providers);

        using var response = await gateway.PostAsync("/v1/responses", """{"model":"chat/m","input":"q","stream":true}""");

        var frames = Caller.Frames(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Select(f => JsonElement.Parse(f)).ToArray();
        Assert.Equal("response.failed", frames[^1].GetProperty("type").GetString());
        using var read = await GetAsync(gateway, $"/v1/responses/{Id(frames[0].GetProperty("response"))}");
        _ = await read.ShouldFailAsync(HttpStatusCode.NotFound, "not_found");
    }

    [Fact]
    public async Task A_provider_with_state_keeps_it_and_a_later_turn_leads_back_to_it()
    {
        await using var mock = new ProviderMock();
        await using var other = new ProviderMock();
        await using var gateway = await GatewayHost.StartAsync(mock.Providers
            + $"  far: {{ kind: openai, base_url: \"{other.Address.ToString().TrimEnd('/')}/v1\", api_key: x }}\nroutes:\n  all: {{ targets: [far/m, openai/m] }}\n");
        const string Odd = """{"model":"openai/m", "input":"one","x_unknown" : 1.0}""";

        using var first = await gateway.PostAsync("/v1/responses", Odd);
        Assert.Equal(ProviderMock.Responses, await first.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        using var second = await gateway.PostAsync("/v1/responses", """{"model":"all","input":"two","previous_response_id":"resp_native"}""");

        Assert.Equal(HttpStatusCode.OK, second.StatusCode);
        Assert.Equal("openai/m", second.Header("x-gatehouse-target"));
        Assert.Equal(Odd.Replace("openai/m", "m", StringComparison.Ordinal), mock.Requests[0].Text);
        Assert.Equal("""{"model":"m","input":"two","previous_response_id":"resp_native"}""", mock.Requests[1].Text);
        Assert.Empty(other.Requests);
    }

    [Fact]
    public async Task A_conversation_that_the_gateway_keeps_can_go_on_at_a_provider_with_state()
    {
        await using var mock = new ProviderMock();
        await using var gateway = await GatewayHost.StartAsync(mock.Providers);
        var first = await AskAsync(gateway, "claude/m", "question one");

        _ = await AskAsync(gateway, "openai/m", "question two", Id(first));

        var input = JsonElement.Parse(mock.Last.Text);
        Assert.Equal("/v1/responses", mock.Last.Target);
        Assert.False(input.TryGetProperty("previous_response_id", out _));
        Assert.Equal("user,assistant,user", string.Join(',', input.GetProperty("input").EnumerateArray().Select(item => item.GetProperty("role").GetString())));
    }

    [Theory]
    [InlineData("chat/m")]
    [InlineData("claude/m")]
    public async Task An_unknown_earlier_answer_is_the_requests_fault(string target)
    {
        await using var mock = new ProviderMock();
        await using var gateway = await GatewayHost.StartAsync(mock.Providers);

        using var response = await PostAsync(gateway, $$"""{"model":"{{target}}","input":"x","previous_response_id":"resp_unknown"}""");

        var error = await response.ShouldFailAsync(HttpStatusCode.BadRequest, "invalid_request");
        Assert.Equal("previous_response_id", error.GetProperty("param").GetString());
        Assert.Contains("resp_unknown", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Empty(mock.Requests);
    }

    private static string Id(JsonElement response) => response.GetProperty("id").GetString()!;

    private static async Task<JsonElement> AskAsync(GatewayHost gateway, string target, string input, string? previous = null)
    {
        var more = previous is null ? "" : $",\"previous_response_id\":\"{previous}\"";
        using var response = await PostAsync(gateway, $$"""{"model":"{{target}}","input":"{{input}}"{{more}}}""");
        return await response.JsonAsync();
    }

    private static Task<HttpResponseMessage> PostAsync(GatewayHost gateway, string body, string key = GatewayHost.Key) =>
        SendAsync(gateway, HttpMethod.Post, "/v1/responses", key, body);

    private static Task<HttpResponseMessage> GetAsync(GatewayHost gateway, string path, string key = GatewayHost.Key) => SendAsync(gateway, HttpMethod.Get, path, key);

    private static async Task<HttpResponseMessage> SendAsync(GatewayHost gateway, HttpMethod method, string path, string key = GatewayHost.Key, string? body = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
        return await gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);
    }
}
