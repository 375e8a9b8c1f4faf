using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Mistral;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Tests.Recorded;

namespace Gatehouse.Protocols.Tests.Dialects.OpenAi;

public sealed class OpenAiChatResponseTests
{
    private static readonly Signature Signature = new(Dialect.Anthropic, "SIG");

    [Fact]
    public void Another_dialects_answer_has_all_its_parts_in_their_places()
    {
        var answer = Answer(
            new ReasoningPart { Text = "Hm.", Signature = Signature },
            new ReasoningPart { IsRedacted = true, Signature = new Signature(Dialect.Anthropic, "RED") },
            new TextPart("It is ") { Citations = [new Citation { Dialect = Dialect.Anthropic, Value = default, Url = "https://a.example", Title = "A" }] },
            new TextPart("4."),
            new ToolCallPart("t", "f", "{}") { Signature = new Signature(Dialect.Gemini, "R0VN") });
        var message = Write(answer).GetProperty("choices")[0];
        Assert.Equal(
            """{"role":"assistant","reasoning_content":"Hm.","reasoning_details":[{"type":"reasoning.text","text":"Hm.","signature":"SIG","format":"anthropic-claude-v1","index":0},{"type":"reasoning.encrypted","data":"RED","format":"anthropic-claude-v1","index":1}],"content":"It is 4.","refusal":null,"annotations":[{"type":"url_citation","url_citation":{"url":"https://a.example","title":"A","start_index":0,"end_index":6}}],"tool_calls":[{"id":"t","type":"function","function":{"name":"f","arguments":"{}"},"extra_content":{"google":{"thought_signature":"R0VN"}}}]}""",
            message.GetProperty("message").GetRawText());
        // The provider said end_turn, but there is a call to be made.
        Assert.Equal("tool_calls", message.GetProperty("finish_reason").GetString());
    }

    [Fact]
    public void Usage_counts_the_cache_within_the_prompt()
    {
        var answer = Answer(new TextPart("x")) with { Usage = new Usage { InputTokens = 3, CacheReadTokens = 10, CacheWriteTokens = 20, OutputTokens = 5, ReasoningTokens = 2 } };
        Assert.Equal(
            """{"prompt_tokens":33,"completion_tokens":5,"total_tokens":38,"prompt_tokens_details":{"cached_tokens":10,"cache_write_tokens":20},"completion_tokens_details":{"reasoning_tokens":2}}""",
            Write(answer).GetProperty("usage").GetRawText());
    }

    [Fact]
    public void Mistrals_callers_get_thoughts_as_chunks()
    {
        var body = Write(Answer(new ReasoningPart { Text = "Hm." }, new TextPart("Yes.")), MistralCodec.Instance);
        Assert.Equal("""[{"type":"thinking","thinking":[{"type":"text","text":"Hm."}]},{"type":"text","text":"Yes."}]""", body.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetRawText());
    }

    [Theory]
    [InlineData(StopReason.MaxTokens, "length")]
    [InlineData(StopReason.ContextWindow, "length")]
    [InlineData(StopReason.Refusal, "content_filter")]
    [InlineData(StopReason.Pause, "stop")]
    [InlineData(StopReason.Error, "error")]
    [InlineData(StopReason.ToolUse, "stop")]
    public void A_reason_to_stop_is_told_in_this_dialects_words(StopReason reason, string expected)
    {
        var answer = Answer(new TextPart("x"));
        answer = answer with { Choices = [answer.Choices[0] with { Stop = new Stop(reason, "raw") }] };
        Assert.Equal(expected, Write(answer).GetProperty("choices")[0].GetProperty("finish_reason").GetString());
    }

    [Fact]
    public void Perplexitys_pages_are_sources_of_the_text_and_told_once()
    {
        const string Json = """{"id":"p","created":1,"model":"sonar","citations":["https://a.example"],"search_results":[{"title":"A","url":"https://a.example"}],"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"x"},"finish_reason":"stop"}]}""";
        var answer = OpenAiChatCodec.Instance.ReadResponse(JsonDocument.Parse(Json).RootElement, "f");
        var citation = Assert.Single(Assert.IsType<TextPart>(answer.Choices[0].Parts[0]).Citations);
        Assert.Equal(("https://a.example", "A"), (citation.Url, citation.Title));
        Assert.Empty(JsonDifference.Between(JsonDocument.Parse(Json).RootElement, Write(answer)));
        var streamed = ChatStreamRules.Write(OpenAiChatCodec.Instance, AnswerEvents.Of(answer));
        Assert.Contains(streamed, chunk => chunk.GetRawText().Contains("\"url_citation\":{\"url\":\"https://a.example\",\"title\":\"A\"", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(401, """{"error":{"message":"no","type":"t","param":"p","code":"c"}}""", "no", "c", "p")]
    [InlineData(404, """{"error":{"code":"404","message":"no"}}""", "no", "404", null)]
    [InlineData(429, """{"error":{"code":429,"message":"no","metadata":{}},"user_id":"u"}""", "no", "429", null)]
    [InlineData(400, """{"code":"Client specified an invalid argument","error":"no"}""", "no", "Client specified an invalid argument", null)]
    [InlineData(400, """{"error":"no"}""", "no", null, null)]
    [InlineData(400, """{"object":"error","message":"no","type":"t","param":null,"code":"3051","raw_status_code":400}""", "no", "3051", null)]
    [InlineData(422, """{"detail":[{"loc":["body","messages",0],"msg":"field required"}]}""", "body.messages.0: field required", null, null)]
    [InlineData(400, """{"detail":"no"}""", "no", null, null)]
    [InlineData(403, """{"code":"c","message":"no","type":"t"}""", "no", "c", null)]
    [InlineData(500, """[{"error":{"code":500,"message":"no","status":"INTERNAL"}}]""", "no", "500", null)]
    [InlineData(502, """7""", "the provider answered with status 502 and no message", null, null)]
    public void Every_envelope_is_read(int status, string json, string message, string? code, string? param)
    {
        var error = OpenAiChatCodec.Instance.ReadError(status, JsonDocument.Parse(json).RootElement);
        Assert.Equal((status, ChatError.KindOf(status), message, code, param), (error.Status, error.Kind, error.Message, error.Code, error.Param));
    }

    [Fact]
    public void An_error_is_told_in_the_callers_envelope()
    {
        var error = ChatError.Of(429, "slow down") with { Code = "limit", Param = "n" };
        Assert.Equal("""{"error":{"message":"slow down","type":"rate_limit_error","param":"n","code":"limit"}}""", RoundTrip.Write(writer => OpenAiChatCodec.Instance.WriteError(error, writer)).GetRawText());
        Assert.Equal("""{"object":"error","message":"slow down","type":"rate_limit_error","param":"n","code":"limit","raw_status_code":429}""", RoundTrip.Write(writer => MistralCodec.Instance.WriteError(error, writer)).GetRawText());
    }

    private static ChatResponse Answer(params Part[] parts) =>
        new() { Dialect = Dialect.Anthropic, Id = "msg_1", Model = "claude", Choices = [new ChatChoice(0, parts, new Stop(StopReason.EndTurn, "end_turn"))] };

    private static JsonElement Write(ChatResponse answer, DialectCodec? codec = null) =>
        RoundTrip.Write(writer => (codec ?? OpenAiChatCodec.Instance).WriteResponse(answer, RoundTrip.Context(Dialect.OpenAiChat), writer));
}
