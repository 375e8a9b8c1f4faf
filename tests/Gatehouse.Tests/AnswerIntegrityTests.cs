using System.Net;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests;

/// <summary>When an answer is whole, and what is kept of one that is not an answer.</summary>
public sealed class AnswerIntegrityTests
{
    private static string Choice(int index, string? finish) =>
        $$"""data: {"choices":[{"index":{{index}},"delta":{"content":"x"},"finish_reason":{{(finish is null ? "null" : $"\"{finish}\"")}}}]}""" + "\n\n";

    [Fact]
    public async Task A_stream_is_whole_when_all_of_its_choices_are()
    {
        await using var upstream = ScriptedUpstream.Stream(Choice(0, null), Choice(1, null), Choice(0, "stop"));
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address));

        using var response = await gateway.PostAsync("/v1/chat/completions", GatewayAnswers.StreamedChat);

        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Contains("\"code\":\"upstream_error\"", text, StringComparison.Ordinal);
        Assert.Equal("truncated", (await gateway.ExchangeAsync(response)).Outcome());
    }

    [Fact]
    public async Task Without_DONE_a_stream_whose_choices_are_all_finished_is_whole()
    {
        string[] frames = [Choice(0, null), Choice(1, "length"), Choice(0, "stop")];
        await using var upstream = ScriptedUpstream.Stream(frames);
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address));

        using var response = await gateway.PostAsync("/v1/chat/completions", GatewayAnswers.StreamedChat);

        Assert.Equal(string.Concat(frames), await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal("completed", (await gateway.ExchangeAsync(response)).Outcome());
    }

    [Theory]
    [InlineData("""{"type":"response.created","response":{"id":"r"}}""", "truncated")]
    [InlineData("""{"type":"response.failed","response":{"id":"r"}}""", "failed")]
    [InlineData("""{"type":"response.completed","response":{"id":"r"}}""", "completed")]
    [InlineData("""{"type":"message_start","message":{"id":"m"}}""", "truncated")]
    [InlineData("""{"type":"image_generation.completed"}""", "completed")]
    public async Task A_relayed_stream_that_has_a_last_event_is_whole_only_with_it(string last, string outcome)
    {
        await using var upstream = ScriptedUpstream.Stream($"data: {last}\n\n");
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/responses") { Content = new StringContent("{}") };
        request.Headers.Add("x-gatehouse-provider", "mock");

        using var response = await gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(outcome, (await gateway.ExchangeAsync(response)).Outcome());
    }

    [Fact]
    public async Task Usage_that_comes_behind_the_end_is_not_shown_to_a_caller_who_did_not_ask()
    {
        const string Usage = """data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1}}""" + "\n\n";
        await using var upstream = ScriptedUpstream.Stream(Choice(0, "stop"), "data: [DONE]\n\n" + Usage + ": bye\n\n");
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address));

        using var response = await gateway.PostAsync("/v1/chat/completions", GatewayAnswers.StreamedChat);

        Assert.Equal(Choice(0, "stop") + "data: [DONE]\n\n: bye\n\n", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("\"ok\"")]
    public async Task An_answer_that_is_no_object_is_no_answer(string body)
    {
        await using var upstream = ScriptedUpstream.Json(body);
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address));

        using var response = await gateway.PostAsync("/v1/chat/completions", GatewayAnswers.Chat);

        _ = await response.ShouldFailAsync(HttpStatusCode.BadGateway, "upstream_invalid_response");
    }

    [Theory]
    [InlineData(503, 502, 100)]
    [InlineData(503, 502, 200_000)]
    [InlineData(429, 429, 100)]
    [InlineData(429, 429, 200_000)]
    public async Task An_error_page_keeps_its_meaning_and_the_headers_that_help(int status, int told, int length)
    {
        await using var upstream = new ScriptedUpstream((_, connection) => connection.RespondAsync(
            status, "text/html", "<html>busy" + new string(' ', length), "retry-after: Fri, 31 Dec 2027 23:59:59 GMT", "x-request-id: req-7", "x-ratelimit-remaining-requests: 0"));
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address));

        using var response = await gateway.PostAsync("/v1/chat/completions", GatewayAnswers.Chat);

        var error = await response.ShouldFailAsync((HttpStatusCode)told, "upstream_error");
        Assert.Contains("busy", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(("Fri, 31 Dec 2027 23:59:59 GMT", "req-7", "0"), (response.Header("retry-after"), response.Header("x-request-id"), response.Header("x-ratelimit-remaining-requests")));
    }

    [Fact]
    public async Task What_a_provider_says_of_itself_does_not_make_a_row_large()
    {
        var text = new string('i', 40_000);
        await using var upstream = ScriptedUpstream.Json($$"""{"id":"{{text}}","choices":[{"index":0,"finish_reason":"{{text[..9000]}}"}]}""");
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address));

        using var response = await gateway.PostAsync("/v1/chat/completions", GatewayAnswers.Chat);

        var row = await gateway.ExchangeAsync(response);
        Assert.Equal((512, 512), (row.GetProperty("response_id").GetString()!.Length, row.GetProperty("finish_reason").GetString()!.Length));
    }
}
