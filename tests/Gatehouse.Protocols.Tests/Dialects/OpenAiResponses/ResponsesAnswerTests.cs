using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.OpenAiResponses;
using Gatehouse.Protocols.Json;
using Gatehouse.Protocols.Tests.Recorded;

namespace Gatehouse.Protocols.Tests.Dialects.OpenAiResponses;

public sealed class ResponsesAnswerTests
{
    private static readonly Part[] Parts =
    [
        new ReasoningPart { Text = "hm", Signature = new Signature(Dialect.Anthropic, "s") },
        new TextPart("Hi"),
        new ToolCallPart("c", "f", "{}"),
        new ImagePart(new MediaSource { MediaType = "image/png", Base64 = "AAAA"u8.ToArray() }),
    ];

    [Fact]
    public void An_answer_has_every_member_that_is_required_and_repeats_what_was_asked()
    {
        var request = ResponsesCodec.Instance.ReadRequest(Json(
            """{"model":"m","instructions":"I","input":"x","temperature":0.5,"tools":[{"type":"function","name":"f","parameters":{}}],"tool_choice":"required","metadata":{"a":"b"},"store":false,"previous_response_id":"resp_0","reasoning":{"effort":"low"}}"""));
        var response = Write(new ChatResponse
        {
            Dialect = Dialect.Anthropic,
            Id = "msg_1",
            Model = "claude",
            Usage = new Usage { InputTokens = 10, CacheReadTokens = 5, CacheWriteTokens = 2, OutputTokens = 7, ReasoningTokens = 3 },
            Choices = [new ChatChoice(0, Parts, new Stop(StopReason.ToolUse, "tool_use"))],
        }, request);

        ResponsesStreamRules.CheckMembers(response);
        Assert.Equal(["reasoning", "message", "function_call", "image_generation_call"], response.Items("output").Select(i => i.Text("type")!), StringComparer.Ordinal);
        Assert.Equal(
            ["rs_01testtesttesttesttesttest00", "msg_01testtesttesttesttesttest01", "fc_01testtesttesttesttesttest02", "ig_01testtesttesttesttesttest03"],
            response.Items("output").Select(i => i.Text("id")!),
            StringComparer.Ordinal);
        Assert.Empty(JsonDifference.Between(
            Json("""{"input_tokens":17,"input_tokens_details":{"cached_tokens":5,"cache_write_tokens":2},"output_tokens":7,"output_tokens_details":{"reasoning_tokens":3},"total_tokens":24}"""),
            response.GetProperty("usage")));
        Assert.Equal(("I", "resp_0", "required", 0.5), (response.Text("instructions"), response.Text("previous_response_id"), response.Text("tool_choice"), response.Number("temperature")));
        Assert.Equal((false, "low", "b", "f"), (response.Flag("store"), response.GetProperty("reasoning").Text("effort"), response.GetProperty("metadata").Text("a"), response.GetProperty("tools")[0].Text("name")));
    }

    [Theory]
    [InlineData(StopReason.EndTurn, "completed", null)]
    [InlineData(StopReason.StopSequence, "completed", null)]
    [InlineData(StopReason.Pause, "completed", null)]
    [InlineData(StopReason.Other, "completed", null)]
    [InlineData(StopReason.MaxTokens, "incomplete", "max_output_tokens")]
    [InlineData(StopReason.ContextWindow, "incomplete", "max_output_tokens")]
    [InlineData(StopReason.ContentFilter, "incomplete", "content_filter")]
    [InlineData(StopReason.Refusal, "incomplete", "content_filter")]
    [InlineData(StopReason.Error, "failed", null)]
    public void A_stop_is_a_status(StopReason reason, string status, string? details)
    {
        var response = Write(new ChatResponse { Dialect = Dialect.Gemini, Choices = [new ChatChoice(0, [], new Stop(reason, "RAW"))] });

        Assert.Equal((status, details), (response.Text("status"), response.Object("incomplete_details")?.Text("reason")));
    }

    [Theory]
    [InlineData(401, "authentication_error")]
    [InlineData(404, "not_found_error")]
    [InlineData(429, "rate_limit_error")]
    [InlineData(503, "server_error")]
    [InlineData(400, "invalid_request_error")]
    public void An_error_is_told_in_OpenAIs_words(int status, string type)
    {
        var error = RoundTrip.Write(w => ResponsesCodec.Instance.WriteError(ChatError.Of(status, "why") with { Code = "c", Param = "p" }, w)).GetProperty("error");

        Assert.Equal((type, "why", "c", "p"), (error.Text("type"), error.Text("message"), error.Text("code"), error.Text("param")));
    }

    [Fact]
    public void An_error_that_is_not_JSON_has_a_message() => Assert.Contains("502", ResponsesCodec.Instance.ReadError(502, null).Message, StringComparison.Ordinal);

    [Fact]
    public void A_kept_turn_comes_before_the_next()
    {
        var first = Json("""{"model":"m","instructions":"I","input":"one"}""");
        var context = new AnswerContext(ResponsesCodec.Instance.ReadRequest(first), "01", "m", 1);
        var answer = ResponsesState.ResponseObject(
            new ChatResponse { Dialect = Dialect.Anthropic, Choices = [new ChatChoice(0, Parts, new Stop(StopReason.ToolUse, null))] }, context);
        var turn = ResponsesState.Turn(first, default, Json(answer));
        var second = Json("""{"model":"m","previous_response_id":"resp_01","input":[{"type":"function_call_output","call_id":"c","output":"done"}],"stream":true}""");

        var whole = Json(ResponsesState.WithEarlierTurns(second, turn.Items));

        Assert.Null(whole.Member("previous_response_id"));
        Assert.True(whole.Flag("stream"));
        Assert.Equal(
            ["message", "reasoning", "message", "function_call", "image_generation_call", "function_call_output"],
            whole.Items("input").Select(i => i.Text("type")!),
            StringComparer.Ordinal);
        Assert.Equal(1, turn.InputCount);
        Assert.Equal(6, ResponsesState.Turn(second, turn.Items, Json("""{"output":[{"type":"message"}]}""")).InputCount);
        Assert.Equal(Role.Assistant, ResponsesCodec.Instance.ReadRequest(whole).Messages[1].Role);
    }

    [Fact]
    public void What_was_put_in_is_listed_in_pages()
    {
        var request = Json("""{"input":[{"role":"user","content":"a"},{"type":"message","id":"msg_b","role":"user","content":[]},{"type":"function_call_output","call_id":"c","output":"x"}]}""");
        var turn = ResponsesState.Turn(request, default, Json("""{"output":[{"type":"message"}]}"""));

        var page = Json(ResponsesState.InputItems(turn, "resp_1", limit: 2, isAscending: true));
        var rest = Json(ResponsesState.InputItems(turn, "resp_1", limit: 2, after: page.Text("last_id"), isAscending: true));

        Assert.Equal(("list", "msg_resp_1_0", "msg_b", true), (page.Text("object"), page.Text("first_id"), page.Text("last_id"), page.Flag("has_more")));
        Assert.Equal("a", page.GetProperty("data")[0].GetProperty("content")[0].Text("text"));
        Assert.Equal(("fco_resp_1_2", false), (rest.GetProperty("data")[0].Text("id"), rest.Flag("has_more")));
        Assert.Equal("fco_resp_1_2", Json(ResponsesState.InputItems(turn, "resp_1")).Text("first_id"));
    }

    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;

    private static JsonElement Json(byte[] text) => JsonDocument.Parse(text).RootElement;

    private static JsonElement Write(ChatResponse response, ChatRequest? request = null)
    {
        var context = RoundTrip.Context(Dialect.OpenAiResponses);
        return RoundTrip.Write(w => ResponsesCodec.Instance.WriteResponse(response, request is null ? context : context with { Request = request }, w));
    }
}
