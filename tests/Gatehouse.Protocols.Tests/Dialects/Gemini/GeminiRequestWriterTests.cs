using System.Text;
using Gatehouse.Protocols.Chat;
using static Gatehouse.Protocols.Tests.Dialects.Gemini.GeminiRequests;

namespace Gatehouse.Protocols.Tests.Dialects.Gemini;

/// <summary>What callers of other dialects say, in Gemini's words.</summary>
public sealed class GeminiRequestWriterTests
{
    private static readonly ToolCallPart First = new("a", "look", """{"x":1}""");
    private static readonly ToolCallPart Second = new("b", "look", "");

    [Fact]
    public void System_turns_stand_where_Gemini_has_a_place_for_them()
    {
        var written = Write(Foreign(
            new ChatMessage(Role.System, [new TextPart("be brief")]), new ChatMessage(Role.Developer, [new TextPart("be kind")]),
            User("hi"), Assistant(new TextPart("hello")), new ChatMessage(Role.System, [new TextPart("now rhyme")]), User("go")));
        AssertJson(
            """
            {"systemInstruction":{"parts":[{"text":"be brief"},{"text":"be kind"}]},"contents":[
              {"role":"user","parts":[{"text":"hi"}]},{"role":"model","parts":[{"text":"hello"}]},
              {"role":"user","parts":[{"text":"<system>\nnow rhyme\n</system>"},{"text":"go"}]}]}
            """,
            written);
    }

    [Fact]
    public void A_system_turn_alone_is_what_the_user_says() => AssertJson(
        """{"contents":[{"role":"user","parts":[{"text":"<system>\nhi\n</system>"}]}]}""",
        Write(Foreign(new ChatMessage(Role.System, [new TextPart("hi")]))));

    [Fact]
    public void Results_of_parallel_calls_are_one_turn_in_the_order_of_the_calls_and_without_ids() => AssertJson(
        """
        {"contents":[{"role":"user","parts":[{"text":"q"}]},
          {"role":"model","parts":[{"functionCall":{"name":"look","args":{"x":1}}},{"functionCall":{"name":"look","args":{}}}]},
          {"role":"user","parts":[{"functionResponse":{"name":"look","response":{"sun":true}}},
                                  {"functionResponse":{"name":"look","response":{"error":"no"}}},{"text":"and?"}]}]}
        """,
        Write(Foreign(
            User("q"), Assistant(First, Second),
            Results(new ToolResultPart("b") { Content = [new TextPart("no")], IsError = true }),
            Results(new ToolResultPart("a") { Content = [new TextPart("""{"sun":true}""")] }), User("and?"))));

    [Fact]
    public void Ids_go_to_targets_that_take_them()
    {
        var parts = Write(Foreign(User("q"), Assistant(First), Results(new ToolResultPart("a") { Content = [new TextPart("[1]")] })), "function_call_ids")
            .GetProperty("contents");
        AssertJson("""{"id":"a","name":"look","args":{"x":1}}""", parts[1].GetProperty("parts")[0].GetProperty("functionCall"));
        AssertJson("""{"id":"a","name":"look","response":{"result":"[1]"}}""", parts[2].GetProperty("parts")[0].GetProperty("functionResponse"));
    }

    [Fact]
    public void A_result_without_its_call_is_malformed() =>
        Assert.Throws<MalformedException>(() => Write(Foreign(User("q"), Results(new ToolResultPart("zzz")))));

    [Fact]
    public void Images_of_results_follow_all_results_where_a_result_holds_none()
    {
        var image = new ImagePart(new MediaSource { MediaType = "image/png", Base64 = "AAAA"u8.ToArray() });
        var request = Foreign(
            User("q"), Assistant(First, Second),
            Results(new ToolResultPart("a") { Content = [image] }, new ToolResultPart("b") { Content = [new TextPart("t")] }));
        AssertJson(
            """
            [{"functionResponse":{"name":"look","response":{}}},{"functionResponse":{"name":"look","response":{"result":"t"}}},
             {"text":"Part of the result of look (a):"},{"inlineData":{"mimeType":"image/png","data":"AAAA"}}]
            """,
            Write(request).GetProperty("contents")[2].GetProperty("parts"));
        AssertJson(
            """{"name":"look","response":{},"parts":[{"inlineData":{"mimeType":"image/png","data":"AAAA"}}]}""",
            Write(request, "function_response_media").GetProperty("contents")[2].GetProperty("parts")[0].GetProperty("functionResponse"));
    }

    [Fact]
    public void Only_Googles_own_signatures_go_to_Google()
    {
        var written = Write(
            Foreign(
                User("q"),
                Assistant(
                    new ReasoningPart { Text = "foreign", Signature = new Signature(Dialect.Anthropic, "s") },
                    new ReasoningPart { Text = "unsigned" },
                    new ReasoningPart { Text = "own", Signature = new Signature(Dialect.Gemini, "g0") },
                    new TextPart("t") { Signature = new Signature(Dialect.Gemini, "g1") },
                    First with { Signature = new Signature(Dialect.Gemini, "g2") }, Second),
                Results(new ToolResultPart("a"), new ToolResultPart("b"))),
            out var dropped,
            "thought_signatures");
        AssertJson(
            """
            [{"thought":true,"text":"own","thoughtSignature":"g0"},{"text":"t","thoughtSignature":"g1"},
             {"functionCall":{"name":"look","args":{"x":1}},"thoughtSignature":"g2"},{"functionCall":{"name":"look","args":{}}}]
            """,
            written.GetProperty("contents")[1].GetProperty("parts"));
        Assert.Equal(["reasoning"], dropped);
    }

    [Fact]
    public void The_first_call_of_another_model_gets_the_documented_stand_in_for_a_signature()
    {
        var request = Foreign(
            User("q"), Assistant(First with { Signature = new Signature(Dialect.Anthropic, "s") }, Second), Results(new ToolResultPart("a"), new ToolResultPart("b")));
        var parts = Write(request, "thought_signatures").GetProperty("contents")[1].GetProperty("parts");
        Assert.Equal("skip_thought_signature_validator", parts[0].GetProperty("thoughtSignature").GetString());
        Assert.False(parts[1].TryGetProperty("thoughtSignature", out _));
        Assert.DoesNotContain("thoughtSignature", Write(request).GetRawText(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("none", """{"thinkingBudget":0}""", """{"thinkingLevel":"LOW"}""")]
    [InlineData("low", """{"thinkingBudget":2048}""", """{"thinkingLevel":"LOW"}""")]
    [InlineData("high", """{"thinkingBudget":16384}""", """{"thinkingLevel":"HIGH"}""")]
    [InlineData("max", """{"thinkingBudget":24576}""", """{"thinkingLevel":"HIGH"}""")]
    public void An_effort_is_a_budget_or_a_level(string effort, string budget, string level)
    {
        var request = Foreign(User("q")) with { Reasoning = new ReasoningOptions { Effort = effort } };
        AssertJson(budget, Write(request).GetProperty("generationConfig").GetProperty("thinkingConfig"));
        AssertJson(level, Write(request, "thinking_level").GetProperty("generationConfig").GetProperty("thinkingConfig"));
    }

    [Fact]
    public void What_Gemini_cannot_be_told_is_named()
    {
        _ = Write(
            Foreign(User("q") with { Name = "eve" }) with
            {
                LogitBias = Parse("{}"),
                User = "u",
                Metadata = Parse("{}"),
                ServiceTier = "flex",
                PromptCacheKey = "k",
                Verbosity = "low",
                ParallelToolCalls = false,
                Store = true,
                Seed = 1,
                PresencePenalty = 1,
            },
            out var dropped);
        Assert.Equal(
            ["logit_bias", "user", "metadata", "service_tier", "prompt_cache_key", "verbosity", "store", "parallel_tool_calls", "messages[0].name"], dropped);
    }

    [Fact]
    public void What_would_be_another_request_is_refused()
    {
        var request = Foreign(User("q"));
        Assert.Throws<UnsupportedException>(() => Write(request with { PreviousResponseId = "r" }));
        Assert.Throws<UnsupportedException>(() => Write(request with { Modalities = ["text", "audio"] }));
        Assert.Throws<UnsupportedException>(() => Write(request with { Tools = [new OpaqueTool(Dialect.Anthropic, "web_search_20250305", Parse("{}"))] }));
        Assert.Throws<UnsupportedException>(() => Write(request with { Tools = [new CustomTool("c", null)] }));
        Assert.Throws<UnsupportedException>(() => Write(Foreign(new ChatMessage(Role.User, [new FilePart(new MediaSource { FileId = "file-1" })]))));
        Assert.Throws<UnsupportedException>(() => Write(Foreign(new ChatMessage(Role.User, [new OpaquePart(Dialect.Anthropic, "server_tool_use", Parse("{}"))]))));
    }

    [Theory]
    [InlineData("https://e.org/a.PNG?x=1", null, "image/png")]
    [InlineData("https://e.org/a", null, "image/jpeg")]
    [InlineData("https://e.org/a.png", "image/webp", "image/webp")]
    public void An_address_of_an_image_has_a_media_type(string url, string? given, string expected) => AssertJson(
        $$$"""{"fileData":{"mimeType":"{{{expected}}}","fileUri":"{{{url}}}"}}""",
        Write(Foreign(new ChatMessage(Role.User, [new ImagePart(new MediaSource { Url = url, MediaType = given })]))).GetProperty("contents")[0].GetProperty("parts")[0]);

    [Fact]
    public void A_text_document_with_a_title_is_text_and_bytes() => AssertJson(
        """[{"text":"T\nC"},{"inlineData":{"mimeType":"text/plain","data":"aGk="}},{"inlineData":{"mimeType":"audio/wav","data":"UklG"}}]""",
        Write(Foreign(new ChatMessage(
            Role.User,
            [
                new FilePart(new MediaSource { Text = "hi" }) { Title = "T", Context = "C" },
                new AudioPart(new MediaSource { Base64 = Encoding.ASCII.GetBytes("UklG") }) { Format = "wav" },
            ]))).GetProperty("contents")[0].GetProperty("parts"));

    [Theory]
    [InlineData(ToolChoiceMode.Auto, "", """{"mode":"AUTO"}""")]
    [InlineData(ToolChoiceMode.Auto, "look", """{"mode":"VALIDATED","allowedFunctionNames":["look"]}""")]
    [InlineData(ToolChoiceMode.Required, "", """{"mode":"ANY"}""")]
    [InlineData(ToolChoiceMode.Required, "look", """{"mode":"ANY","allowedFunctionNames":["look"]}""")]
    [InlineData(ToolChoiceMode.None, "", """{"mode":"NONE"}""")]
    public void A_choice_of_tools_is_a_mode(ToolChoiceMode mode, string name, string expected)
    {
        var request = Foreign(User("q")) with { Tools = [new FunctionTool("look")], ToolChoice = new ToolChoice(mode) { Names = name.Length == 0 ? [] : [name] } };
        AssertJson(expected, Write(request).GetProperty("toolConfig").GetProperty("functionCallingConfig"));
        Assert.False(Write(request with { Tools = [] }).TryGetProperty("toolConfig", out _));
    }

    [Fact]
    public void A_schema_of_the_answer_is_sent_as_it_is_or_reduced()
    {
        var request = Foreign(User("q")) with
        {
            ResponseFormat = new ResponseFormat(ResponseFormatKind.JsonSchema) { Schema = Parse("""{"type":"object","properties":{"a":{"type":["string","null"]}},"additionalProperties":false}""") },
        };
        AssertJson(
            """{"responseMimeType":"application/json","responseJsonSchema":{"type":"object","properties":{"a":{"type":["string","null"]}},"additionalProperties":false}}""",
            Write(request).GetProperty("generationConfig"));
        AssertJson(
            """{"responseMimeType":"application/json","responseSchema":{"type":"OBJECT","properties":{"a":{"type":"STRING","nullable":true}}}}""",
            Write(request, out var dropped, "response_schema").GetProperty("generationConfig"));
        Assert.Equal(["response_format.schema.additionalProperties"], dropped);
    }
}
