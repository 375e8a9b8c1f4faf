using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Anthropic;
using Gatehouse.Protocols.Tests.Recorded;

namespace Gatehouse.Protocols.Tests.Dialects.Anthropic;

/// <summary>Whole answers, and errors.</summary>
public class AnthropicAnswerTests
{
    private static readonly AnthropicCodec Codec = AnthropicCodec.Instance;

    [Fact]
    public void An_answer_of_another_dialect_is_a_message()
    {
        var body = AnthropicBodies.Answer(AnthropicBodies.ForeignAnswer(
            new Stop(StopReason.EndTurn, "STOP"),
            new ReasoningPart { Text = "hm" },
            new TextPart(""),
            new TextPart("Look") { Citations = [new Citation { Dialect = Dialect.Gemini, Value = default, Url = "https://x", Title = "X" }] },
            new ToolCallPart("c1", "f", "") { Signature = new Signature(Dialect.Gemini, "c2ln") }) with
        {
            Usage = new Usage { InputTokens = 3, CacheReadTokens = 4, CacheWriteTokens = 5, CacheWriteOneHourTokens = 2, OutputTokens = 6, ReasoningTokens = 1 },
        });

        AnthropicBodies.AssertJson("""
            {"id":"msg_01testtesttesttesttesttest","type":"message","role":"assistant","model":"gemini","stop_reason":"tool_use","stop_sequence":null,
             "content":[{"type":"thinking","thinking":"hm","signature":""},
               {"type":"text","text":"Look","citations":[{"type":"web_search_result_location","url":"https://x","title":"X","cited_text":"","encrypted_index":""}]},
               {"type":"redacted_thinking","data":"gatehouse.gemini.c2ln"},{"type":"tool_use","id":"c1","name":"f","input":{} }],
             "usage":{"input_tokens":3,"cache_read_input_tokens":4,"cache_creation_input_tokens":5,"cache_creation":{"ephemeral_5m_input_tokens":3,"ephemeral_1h_input_tokens":2},
               "output_tokens":6,"output_tokens_details":{"thinking_tokens":1} } }
            """, body);
    }

    [Fact]
    public void What_has_no_block_is_said_in_words()
    {
        var body = AnthropicBodies.Answer(AnthropicBodies.ForeignAnswer(
            new Stop(StopReason.EndTurn, null),
            new ImagePart(new MediaSource { MediaType = "image/png", Base64 = "AAAAAA=="u8.ToArray() }),
            new AudioPart(new MediaSource { Base64 = "AAAA"u8.ToArray() }) { Transcript = "Hello" },
            new OpaquePart(Dialect.Gemini, "executableCode", default)));
        AnthropicBodies.AssertJson("""
            [{"type":"text","text":"[image: image/png, 4 bytes, not expressible in this format]"},{"type":"text","text":"Hello"}]
            """, body.GetProperty("content"));
    }

    [Fact]
    public void A_blocked_prompt_is_a_refusal_without_content()
    {
        var body = AnthropicBodies.Answer(new ChatResponse { Dialect = Dialect.Gemini });
        AnthropicBodies.AssertJson("""
            {"id":"msg_01testtesttesttesttesttest","type":"message","role":"assistant","model":"asked","content":[],"stop_reason":"refusal","usage":{"input_tokens":0,"output_tokens":0} }
            """, body);
    }

    [Theory]
    [InlineData(StopReason.MaxTokens, "length", "max_tokens")]
    [InlineData(StopReason.ContextWindow, "x", "model_context_window_exceeded")]
    [InlineData(StopReason.ContentFilter, "SAFETY", "refusal")]
    [InlineData(StopReason.StopSequence, "stop", "stop_sequence")]
    [InlineData(StopReason.Other, "FAKE_ENUM", "end_turn")]
    [InlineData(StopReason.Other, "compaction", "compaction")]
    [InlineData(StopReason.MalformedToolCall, "MALFORMED_FUNCTION_CALL", "end_turn")]
    public void Reasons_of_other_dialects_are_told_in_its_own_words(StopReason reason, string raw, string expected) =>
        Assert.Equal(expected, AnthropicBodies.Answer(AnthropicBodies.ForeignAnswer(new Stop(reason, raw))).GetProperty("stop_reason").GetString());

    [Theory]
    [InlineData("""{}""")]
    [InlineData("""{"content":"text"}""")]
    [InlineData("""{"content":[1]}""")]
    [InlineData("""[]""")]
    public void What_is_no_message_is_malformed(string body) =>
        Assert.Throws<MalformedException>(() => Codec.ReadResponse(JsonDocument.Parse(body).RootElement, "f"));

    [Fact]
    public void A_call_without_an_id_gets_one()
    {
        var response = Codec.ReadResponse(JsonDocument.Parse("""{"content":[{"type":"text","text":"a"},{"type":"tool_use","name":"f"}],"stop_reason":"new_reason"}""").RootElement, "0abc");
        Assert.Equal(new ToolCallPart("toolu_0abc1", "f", "{}"), response.Choices[0].Parts[1]);
        Assert.Equal(new Stop(StopReason.Other, "new_reason"), response.Choices[0].Stop);
        Assert.Null(response.Usage);
    }

    [Theory]
    [InlineData(400, """{"type":"error","error":{"type":"invalid_request_error","message":"m","details":{"error_code":"thread_not_found"}},"request_id":"r"}""", ChatErrorKind.InvalidRequest, 400, "m", "thread_not_found")]
    [InlineData(200, """{"type":"error","error":{"type":"overloaded_error","message":"m"}}""", ChatErrorKind.Overloaded, 529, "m", null)]
    [InlineData(429, """{"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED"}}""", ChatErrorKind.RateLimit, 429, "m", null)]
    [InlineData(403, """[{"error":{"code":403,"message":"m","status":"PERMISSION_DENIED"}}]""", ChatErrorKind.Permission, 403, "m", null)]
    [InlineData(400, """{"message":"m"}""", ChatErrorKind.InvalidRequest, 400, "m", null)]
    [InlineData(500, """{"error":"m"}""", ChatErrorKind.Server, 500, "m", null)]
    [InlineData(503, """[]""", ChatErrorKind.Overloaded, 503, "the provider answered with status 503 and no message", null)]
    [InlineData(502, null, ChatErrorKind.Server, 502, "the provider answered with status 502 and no message", null)]
    public void Reads_errors_of_every_envelope(int status, string? body, ChatErrorKind kind, int expected, string message, string? code)
    {
        var error = Codec.ReadError(status, body is null ? null : JsonDocument.Parse(body).RootElement);
        Assert.Equal((kind, expected, message, code), (error.Kind, error.Status, error.Message, error.Code));
    }

    [Theory]
    [InlineData(ChatErrorKind.Overloaded, "overloaded_error")]
    [InlineData(ChatErrorKind.Timeout, "timeout_error")]
    [InlineData(ChatErrorKind.Unprocessable, "invalid_request_error")]
    [InlineData(ChatErrorKind.Server, "api_error")]
    public void Writes_errors_in_its_own_vocabulary(ChatErrorKind kind, string type) => AnthropicBodies.AssertJson(
        $$"""{"type":"error","error":{"type":"{{type}}","message":"m","code":"c"} }""",
        RoundTrip.Write(w => Codec.WriteError(new ChatError(kind, 500, "m") { Code = "c" }, w)));

    [Fact]
    public void A_refused_thread_is_named_as_the_SDK_expects_it_to_go_on_without() => AnthropicBodies.AssertJson(
        """
        {"type":"error","error":{"type":"invalid_request_error","message":"m","code":"unsupported_feature",
          "details":{"error_code":"thread_unsupported_request","unsupported":["model"]} } }
        """,
        RoundTrip.Write(w => Codec.WriteError(new ChatError(ChatErrorKind.InvalidRequest, 422, "m") { Code = "unsupported_feature", Param = "thread" }, w)));

    [Fact]
    public void Writes_a_count_of_tokens() =>
        AnthropicBodies.AssertJson("""{"input_tokens":17}""", RoundTrip.Write(w => AnthropicCodec.WriteTokenCount(17, w)));

    [Fact]
    public void Writes_a_list_of_models() => AnthropicBodies.AssertJson(
        """{"data":[{"type":"model","id":"m","display_name":"M","created_at":"2026-10-21T00:00:00Z"}],"has_more":false,"first_id":"m","last_id":"m"}""",
        RoundTrip.Write(w => AnthropicModelList.Write([new AnthropicModel("m", "M", new DateTimeOffset(2026, 10, 21, 0, 0, 0, TimeSpan.Zero))], w)));
}
