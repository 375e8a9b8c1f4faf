using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Gemini;
using Gatehouse.Protocols.Tests.Recorded;
using static Gatehouse.Protocols.Tests.Dialects.Gemini.GeminiRequests;

namespace Gatehouse.Protocols.Tests.Dialects.Gemini;

/// <summary>What callers and models of Gemini's dialect say, in neutral words.</summary>
public sealed class GeminiReaderTests
{
    private static readonly GeminiCodec Codec = GeminiCodec.Instance;

    [Fact]
    public void Both_spellings_of_names_are_read()
    {
        var request = Read(
            """
            {"system_instruction":"be brief","contents":{"parts":{"text":"hi"}},"generation_config":{"max_output_tokens":"7","top_k":40.0,
             "thinking_config":{"thinking_budget":0}},"tool_config":{"function_calling_config":{"mode":"any","allowed_function_names":["f"]}}}
            """);
        Assert.Equal(Role.System, request.Messages[0].Role);
        Assert.Equal(new TextPart("be brief").Text, Assert.IsType<TextPart>(Assert.Single(request.Messages[0].Parts)).Text);
        Assert.Equal(Role.User, request.Messages[1].Role);
        Assert.Equal(7, request.MaxOutputTokens);
        Assert.Equal(40, request.TopK);
        Assert.Equal(ReasoningMode.Disabled, request.Reasoning!.Mode);
        Assert.Equal(ToolChoiceMode.Required, request.ToolChoice!.Mode);
        Assert.Equal(["f"], request.ToolChoice.Names);
        Assert.Null(request.Extensions);
    }

    [Fact]
    public void Calls_and_results_without_ids_are_joined_by_name_and_order()
    {
        var messages = Read(
            """
            {"contents":[{"role":"user","parts":[{"text":"q"}]},
              {"role":"model","parts":[{"functionCall":{"name":"f","args":{"n":1}}},{"functionCall":{"name":"g"}},{"functionCall":{"name":"f","id":"x","args":{"n":2}}}]},
              {"role":"function","parts":[{"functionResponse":{"name":"f","response":{"result":"one"}}},{"functionResponse":{"name":"f","id":"x","response":{"error":"two"}}},
                {"functionResponse":{"name":"g","response":{"a":1,"b":2}}}]}]}
            """).Messages;
        var calls = messages[1].Parts.Cast<ToolCallPart>().ToList();
        var results = messages[2].Parts.Cast<ToolResultPart>().ToList();
        Assert.Equal([calls[0].Id, "x", calls[1].Id], results.Select(r => r.CallId), StringComparer.Ordinal);
        Assert.Equal(3, calls.Select(c => c.Id).Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(["one", "two", """{"a":1,"b":2}"""], results.Select(r => Conversation.TextOf(r.Content)), StringComparer.Ordinal);
        Assert.Equal([null, true, null], results.Select(r => r.IsError));
        Assert.Equal("{}", calls[1].Arguments);
        Assert.Equal([true, true, false], calls.Select(c => c.HasMadeId));
    }

    [Fact]
    public void What_must_not_be_lost_is_marked()
    {
        var request = Read("""{"contents":[],"cachedContent":"cachedContents/1","safetySettings":[],"generationConfig":{"responseMimeType":"text/x.enum","speechConfig":{}},"toolConfig":{"retrievalConfig":{}}}""");
        Assert.Equal(
            [("cachedContent", true), ("safetySettings", false), ("generationConfig.responseMimeType", true), ("generationConfig.speechConfig", false), ("toolConfig.retrievalConfig", false)],
            request.Extensions!.Members.Select(m => (m.Name, m.ChangesMeaning)));
        AssertJson(
            """{"contents":[],"cachedContent":"cachedContents/1","safetySettings":[],"generationConfig":{"responseMimeType":"text/x.enum","speechConfig":{}},"toolConfig":{"retrievalConfig":{}}}""",
            Write(request));
    }

    [Fact]
    public void Signatures_of_others_come_back_from_the_caller()
    {
        var claude = new Signature(Dialect.Anthropic, "abc+/=");
        var answer = new ChatResponse
        {
            Dialect = Dialect.Anthropic,
            Choices =
            [
                new ChatChoice(
                    0,
                    [
                        new ReasoningPart { Text = "hm", Signature = claude }, new ReasoningPart { IsRedacted = true, Signature = claude },
                        new ReasoningPart { Signature = claude }, new ToolCallPart("t1", "f", "{}") { Signature = new Signature(Dialect.OpenAiResponses, "enc") },
                    ],
                    new Stop(StopReason.ToolUse, "tool_use")),
            ],
        };
        var written = RoundTrip.Write(writer => Codec.WriteResponse(answer, RoundTrip.Context(Dialect.Gemini), writer));
        Assert.Equal("STOP", written.GetProperty("candidates")[0].GetProperty("finishReason").GetString());
        var content = written.GetProperty("candidates")[0].GetProperty("content").GetRawText();
        var parts = Read($$"""{"contents":[{{content}}]}""").Messages[0].Parts;
        Assert.Equal([("hm", false), ("", true), ("", false)], parts.OfType<ReasoningPart>().Select(r => (r.Text, r.IsRedacted)));
        Assert.All(parts.OfType<ReasoningPart>(), r => Assert.Equal(claude, r.Signature));
        var call = Assert.Single(parts.OfType<ToolCallPart>());
        Assert.Equal(("t1", new Signature(Dialect.OpenAiResponses, "enc")), (call.Id, call.Signature));
    }

    [Fact]
    public void A_function_call_ends_an_answer_for_tools_and_has_a_made_id()
    {
        var choice = Codec.ReadResponse(
            Parse("""{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f"},"thoughtSignature":"s"},{"functionCall":{"name":"f","args":{}}}]},"finishReason":"STOP"}]}"""), "abc").Choices[0];
        Assert.Equal(new Stop(StopReason.ToolUse, "STOP"), choice.Stop);
        Assert.Equal(["call_abc_0", "call_abc_1"], choice.Parts.Cast<ToolCallPart>().Select(c => c.Id), StringComparer.Ordinal);
        Assert.Equal(new Signature(Dialect.Gemini, "s"), ((ToolCallPart)choice.Parts[0]).Signature);
    }

    [Fact]
    public void A_blocked_prompt_is_a_choice_that_a_filter_ended() => Assert.Equal(
        new Stop(StopReason.ContentFilter, "PROHIBITED_CONTENT"),
        Assert.Single(Codec.ReadResponse(Parse("""{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"}}"""), "x").Choices).Stop);

    [Theory]
    [InlineData("STOP", StopReason.EndTurn)]
    [InlineData("MAX_TOKENS", StopReason.MaxTokens)]
    [InlineData("SPII", StopReason.ContentFilter)]
    [InlineData("MODEL_ARMOR", StopReason.ContentFilter)]
    [InlineData("IMAGE_RECITATION", StopReason.ContentFilter)]
    [InlineData("MALFORMED_FUNCTION_CALL", StopReason.MalformedToolCall)]
    [InlineData("NEVER_SEEN", StopReason.Other)]
    public void Reasons_keep_their_own_word(string raw, StopReason expected)
    {
        var response = Codec.ReadResponse(Parse($$"""{"candidates":[{"finishReason":"{{raw}}"}]}"""), "x");
        Assert.Equal(new Stop(expected, raw), response.Choices[0].Stop);
        var written = RoundTrip.Write(writer => Codec.WriteResponse(response, RoundTrip.Context(Dialect.Gemini), writer));
        Assert.Equal(raw, written.GetProperty("candidates")[0].GetProperty("finishReason").GetString());
    }

    [Fact]
    public void Sources_stand_in_the_text_in_characters()
    {
        var response = Codec.ReadResponse(
            Parse("""{"candidates":[{"content":{"parts":[{"text":"Größe: é. Ende"}]},"groundingMetadata":{"groundingChunks":[{"web":{"uri":"https://e.org","title":"E"}}],"groundingSupports":[{"segment":{"startIndex":9,"endIndex":12,"text":"é."},"groundingChunkIndices":[0,7]}]}}]}"""), "x");
        var citation = Assert.Single(Assert.IsType<TextPart>(response.Choices[0].Parts[0]).Citations);
        Assert.Equal(("https://e.org", "E", 7L, 9L), (citation.Url, citation.Title, citation.Start!.Value, citation.End!.Value));
        var foreign = response with { Dialect = Dialect.Anthropic, Choices = [response.Choices[0] with { Extensions = null }] };
        AssertJson(
            """[{"segment":{"startIndex":9,"endIndex":12,"text":"é."},"groundingChunkIndices":[0]}]""",
            RoundTrip.Write(writer => Codec.WriteResponse(foreign, RoundTrip.Context(Dialect.Gemini), writer))
                .GetProperty("candidates")[0].GetProperty("groundingMetadata").GetProperty("groundingSupports"));
    }

    [Fact]
    public void Log_probabilities_are_those_of_OpenAI_and_back()
    {
        var response = Codec.ReadResponse(
            Parse("""{"candidates":[{"content":{"parts":[{"text":"A"}]},"logprobsResult":{"chosenCandidates":[{"token":"A","logProbability":-0.5}],"topCandidates":[{"candidates":[{"token":"A","logProbability":-0.5}]}]}}]}"""), "x");
        AssertJson(
            """{"content":[{"token":"A","logprob":-0.5,"bytes":[65],"top_logprobs":[{"token":"A","logprob":-0.5,"bytes":[65]}]}]}""", response.Choices[0].Logprobs!.Value);
        var foreign = response with { Dialect = Dialect.OpenAiChat, Choices = [response.Choices[0] with { Extensions = null }] };
        AssertJson(
            """{"chosenCandidates":[{"token":"A","logProbability":-0.5}],"topCandidates":[{"candidates":[{"token":"A","logProbability":-0.5}]}]}""",
            RoundTrip.Write(writer => Codec.WriteResponse(foreign, RoundTrip.Context(Dialect.Gemini), writer)).GetProperty("candidates")[0].GetProperty("logprobsResult"));
    }

    [Fact]
    public void An_error_may_stand_in_a_list_and_says_what_it_is()
    {
        var error = Codec.ReadError(400, Parse("""[{"error":{"code":400,"message":"m","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"},{"fieldViolations":[{"field":"contents[0]"}]}]}}]"""));
        Assert.Equal((ChatErrorKind.Authentication, 400, "m", "API_KEY_INVALID", "contents[0]"), (error.Kind, error.Status, error.Message, error.Code, error.Param));
        Assert.Equal("the provider answered with status 502 and no message", Codec.ReadError(502, null).Message);
    }

    [Theory]
    [InlineData(401, "UNAUTHENTICATED")]
    [InlineData(404, "NOT_FOUND")]
    [InlineData(422, "INVALID_ARGUMENT")]
    [InlineData(429, "RESOURCE_EXHAUSTED")]
    [InlineData(502, "INTERNAL")]
    [InlineData(529, "UNAVAILABLE")]
    public void An_error_is_written_with_the_name_of_its_status(int status, string name) => AssertJson(
        $$$"""{"error":{"code":{{{status}}},"message":"m","status":"{{{name}}}","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"c"}]}}""",
        RoundTrip.Write(writer => Codec.WriteError(ChatError.Of(status, "m") with { Code = "c", ProviderType = "overloaded_error" }, writer)));

    [Theory]
    [InlineData("[]")]
    [InlineData("""{"contents":[1]}""")]
    [InlineData("""{"contents":[{"role":"tool","parts":[]}]}""")]
    [InlineData("""{"contents":[{"parts":[{"functionCall":{}}]}]}""")]
    [InlineData("""{"contents":[{"parts":[{"inlineData":{"mimeType":"image/png"}}]}]}""")]
    [InlineData("""{"contents":[{"parts":["text"]}]}""")]
    [InlineData("""{"contents":[],"tools":[{"functionDeclarations":[{}]}]}""")]
    public void What_has_no_meaning_is_malformed(string json) => Assert.Throws<MalformedException>(() => Read(json));
}
