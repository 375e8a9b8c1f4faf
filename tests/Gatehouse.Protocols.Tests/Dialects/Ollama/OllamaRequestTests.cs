using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Ollama;
using Gatehouse.Protocols.Json;
using Gatehouse.Protocols.Tests.Recorded;

namespace Gatehouse.Protocols.Tests.Dialects.Ollama;

public sealed class OllamaRequestTests
{
    private static readonly OllamaCodec Codec = OllamaCodec.Instance;

    [Fact]
    public void A_conversation_with_calls()
    {
        var asked = Asked.In(Codec, Asked.Request(
            new ChatMessage(Role.Developer, [new TextPart("Be brief.")]),
            Asked.User(new TextPart("Hi"), new TextPart("there"), new ImagePart(new MediaSource { MediaType = "image/png", Base64 = "AAAA"u8.ToArray() })),
            Asked.Assistant(new ReasoningPart { Text = "hm" }, new ToolCallPart("c1", "weather", """{"city":"Rome"}"""), new ToolCallPart("c2", "time", "")),
            Asked.User(new ToolResultPart("c1") { Content = [new TextPart("sunny")] }, new ToolResultPart("c2") { Content = [new TextPart("noon")] })));
        AssertIs(
            """
            [{"role":"system","content":"Be brief."},
             {"role":"user","content":"Hi\n\nthere","images":["AAAA"]},
             {"role":"assistant","content":"","tool_calls":[{"id":"c1","function":{"name":"weather","arguments":{"city":"Rome"}}},{"id":"c2","function":{"name":"time","arguments":{}}}]},
             {"role":"tool","content":"sunny","tool_name":"weather","tool_call_id":"c1"},
             {"role":"tool","content":"noon","tool_name":"time","tool_call_id":"c2"}]
            """,
            asked.Body.GetProperty("messages"));
        Assert.Equal(["reasoning"], asked.Dropped);
    }

    [Fact]
    public void Thoughts_go_back_where_the_target_wants_them()
    {
        var request = Asked.Request(Asked.Assistant(new ReasoningPart { Text = "hm" }, new TextPart("Yes")));
        var asked = Asked.In(Codec, request, "reasoning_content");
        AssertIs("""[{"role":"assistant","content":"Yes","thinking":"hm"}]""", asked.Body.GetProperty("messages"));
        Assert.Empty(asked.Dropped);
    }

    [Fact]
    public void Whether_it_streams_is_always_said()
    {
        Assert.False(Asked.In(Codec, Asked.Request()).Body.Flag("stream"));
        Assert.True(Asked.In(Codec, Asked.Request() with { IsStream = true }).Body.Flag("stream"));
        Assert.True(Codec.ReadRequest(Asked.Json("""{"messages":[]}""")).IsStream);
    }

    [Fact]
    public void Sampling_stands_in_options()
    {
        var asked = Asked.In(Codec, Asked.Request() with
        {
            MaxOutputTokens = 9,
            Temperature = 0.5,
            TopP = 1,
            TopK = 40,
            Seed = 7,
            StopSequences = ["a"],
            PresencePenalty = -1,
            FrequencyPenalty = 2,
            Logprobs = true,
            TopLogprobs = 2,
        });
        AssertIs(
            """{"num_predict":9,"temperature":0.5,"top_p":1,"top_k":40,"seed":7,"stop":["a"],"presence_penalty":-1,"frequency_penalty":2}""",
            asked.Body.GetProperty("options"));
        Assert.Equal(2, asked.Body.Integer("top_logprobs"));
        Assert.Empty(asked.Dropped);
    }

    [Theory]
    [InlineData(ResponseFormatKind.JsonObject, "\"json\"")]
    [InlineData(ResponseFormatKind.JsonSchema, """{"type":"object"}""")]
    [InlineData(ResponseFormatKind.Text, null)]
    public void Says_the_form_of_the_answer(ResponseFormatKind kind, string? expected)
    {
        var format = new ResponseFormat(kind) { Schema = kind == ResponseFormatKind.JsonSchema ? Asked.Json("""{"type":"object"}""") : null };
        Assert.Equal(expected, Asked.In(Codec, Asked.Request() with { ResponseFormat = format }).Body.Member("format")?.GetRawText());
    }

    [Theory]
    [InlineData("none", "", "false", "")]
    [InlineData("high", "", "true", "reasoning_effort")]
    [InlineData("high", "think_levels", "\"high\"", "")]
    [InlineData("minimal", "think_levels", "\"low\"", "")]
    public void Says_how_much_to_think(string effort, string trait, string expected, string dropped)
    {
        var asked = Asked.In(Codec, Asked.Request() with { Reasoning = new ReasoningOptions { Effort = effort } }, trait);
        Assert.Equal(expected, asked.Body.GetProperty("think").GetRawText());
        Assert.Equal(dropped, string.Join(',', asked.Dropped));
    }

    [Fact]
    public void A_choice_among_tools_is_told_by_showing_them()
    {
        var request = Asked.Request() with { Tools = [new FunctionTool("a"), new FunctionTool("b")] };
        var some = Asked.In(Codec, request with { ToolChoice = new ToolChoice(ToolChoiceMode.Auto) { Names = ["b"] } });
        Assert.Equal("b", Assert.Single(some.Body.Items("tools")).Object("function")!.Value.Text("name"));
        Assert.Null(Asked.In(Codec, request with { ToolChoice = new ToolChoice(ToolChoiceMode.None) }).Body.Member("tools"));
        Assert.Equal("tool_choice (required)", Asked.Refused(Codec, request with { ToolChoice = new ToolChoice(ToolChoiceMode.Required) }));
    }

    [Fact]
    public void What_changes_the_meaning_is_refused()
    {
        Assert.Equal(
            "messages[0].content[0] (image by URL)",
            Asked.Refused(Codec, Asked.Request(Asked.User(new ImagePart(new MediaSource { Url = "https://example.com/a.png" })))));
        Assert.Equal(
            "messages[0].content[0] (file)",
            Asked.Refused(Codec, Asked.Request(Asked.User(new FilePart(new MediaSource { Base64 = "AAAA"u8.ToArray() })))));
        Assert.Equal("n", Asked.Refused(Codec, Asked.Request() with { Candidates = 3 }));
    }

    [Fact]
    public void A_result_without_an_id_belongs_to_the_first_call_that_waits()
    {
        var request = Codec.ReadRequest(Asked.Json(
            """
            {"messages":[
              {"role":"assistant","content":"","tool_calls":[{"function":{"name":"a","arguments":{"x":1}}},{"function":{"name":"b"}},{"id":"given","function":{"name":"a"}}]},
              {"role":"tool","content":"1","tool_name":"a"},{"role":"tool","content":"2","tool_name":"a"},{"role":"tool","content":"3"}]}
            """));
        var calls = request.Messages[0].Parts.OfType<ToolCallPart>().ToList();
        Assert.Equal("""{"x":1}""", calls[0].Arguments);
        Assert.Equal("{}", calls[1].Arguments);
        Assert.Equal(3, calls.Select(c => c.Id).Distinct(StringComparer.Ordinal).Count());
        Assert.Equal([calls[0].Id, "given", calls[1].Id], request.Messages.Skip(1).Select(m => ((ToolResultPart)m.Parts[0]).CallId), StringComparer.Ordinal);
    }

    [Fact]
    public void What_only_Ollama_knows_is_kept_by_its_place()
    {
        const string body = """{"model":"m","messages":[],"stream":false,"keep_alive":"5m","options":{"num_ctx":4096,"num_predict":-1,"seed":1}}""";
        var request = Codec.ReadRequest(Asked.Json(body));
        Assert.Null(request.MaxOutputTokens);
        Assert.Equal(["keep_alive", "options.num_ctx", "options.num_predict"], request.Extensions!.Members.Select(m => m.Name), StringComparer.Ordinal);
        var context = new RequestContext("m", TargetRules.None, new DroppedParameters());
        AssertIs(body, RoundTrip.Write(w => Codec.WriteRequest(request, context, w)));
    }

    [Theory]
    [InlineData("1", null)]
    [InlineData("{}", "messages")]
    [InlineData("""{"messages":[null]}""", "messages[0]")]
    [InlineData("""{"messages":[{"content":"a"}]}""", "messages[0].role")]
    [InlineData("""{"messages":[{"role":"user","images":[1]}]}""", "messages[0].images")]
    [InlineData("""{"messages":[{"role":"assistant","tool_calls":[{}]}]}""", "messages[0].tool_calls[0].function.name")]
    public void Says_what_is_wrong_with_a_request(string body, string? field) =>
        Assert.Equal(field, Assert.Throws<MalformedException>(() => Codec.ReadRequest(Asked.Json(body))).Field);

    private static void AssertIs(string expected, JsonElement actual) => Assert.Empty(JsonDifference.Between(Asked.Json(expected), actual));
}
