using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Cohere;
using Gatehouse.Protocols.Json;
using Gatehouse.Protocols.Tests.Recorded;

namespace Gatehouse.Protocols.Tests.Dialects.Cohere;

public sealed class CohereRequestTests
{
    private static readonly CohereCodec Codec = CohereCodec.Instance;
    private static readonly FunctionTool Weather = new("weather") { Parameters = Asked.Json("""{"type":"object","properties":{"city":{}},"required":["city"]}""") };
    private static readonly FunctionTool Time = new("time");

    [Fact]
    public void What_is_said_before_a_call_is_its_plan()
    {
        var asked = Asked.In(Codec, Asked.Request(
            Asked.User(new TextPart("Hi")),
            Asked.Assistant(new TextPart("I look it up."), new ToolCallPart("c1", "weather", "{}")),
            Asked.User(new ToolResultPart("c1") { Content = [new TextPart("sunny")] }, new TextPart("Go on"))));
        AssertIs(
            """
            [{"role":"user","content":"Hi"},
             {"role":"assistant","tool_plan":"I look it up.","tool_calls":[{"id":"c1","type":"function","function":{"name":"weather","arguments":"{}"}}]},
             {"role":"tool","tool_call_id":"c1","content":"sunny"},
             {"role":"user","content":"Go on"}]
            """,
            asked.Body.GetProperty("messages"));
        Assert.Empty(asked.Dropped);
    }

    [Fact]
    public void An_image_that_a_tool_returned_follows_all_results()
    {
        var image = new ImagePart(new MediaSource { Url = "https://example.com/a.png" });
        var asked = Asked.In(Codec, Asked.Request(Asked.User(
            new ToolResultPart("c1") { Content = [image] }, new ToolResultPart("c2") { Content = [new TextPart("2")] })));
        AssertIs(
            """
            [{"role":"tool","tool_call_id":"c1","content":"The result is in the next user message."},
             {"role":"tool","tool_call_id":"c2","content":"2"},
             {"role":"user","content":[{"type":"text","text":"Result of tool call c1:"},{"type":"image_url","image_url":{"url":"https://example.com/a.png"}}]}]
            """,
            asked.Body.GetProperty("messages"));
    }

    [Fact]
    public void A_document_of_text_becomes_one_that_can_be_cited()
    {
        var asked = Asked.In(Codec, Asked.Request(Asked.User(
            new FilePart(new MediaSource { Text = "All about Ruby." }) { Title = "Ruby" }, new TextPart("Who made it?"))));
        AssertIs("""[{"data":{"title":"Ruby","text":"All about Ruby."}}]""", asked.Body.GetProperty("documents"));
        AssertIs("""[{"role":"user","content":"Who made it?"}]""", asked.Body.GetProperty("messages"));
    }

    [Fact]
    public void A_choice_of_one_tool_leaves_no_other()
    {
        var asked = Asked.In(Codec, Asked.Request(Asked.User(new TextPart("Hi"))) with
        {
            Tools = [Weather, Time],
            ToolChoice = new ToolChoice(ToolChoiceMode.Required) { Names = ["time"] },
        });
        Assert.Equal("REQUIRED", asked.Body.Text("tool_choice"));
        AssertIs("""[{"type":"function","function":{"name":"time","parameters":{"type":"object","properties":{}}}}]""", asked.Body.GetProperty("tools"));
    }

    [Theory]
    [InlineData(ToolChoiceMode.None, "NONE")]
    [InlineData(ToolChoiceMode.Required, "REQUIRED")]
    [InlineData(ToolChoiceMode.Auto, null)]
    [InlineData(ToolChoiceMode.Validated, null)]
    public void Writes_a_tool_choice(ToolChoiceMode mode, string? expected)
    {
        var asked = Asked.In(Codec, Asked.Request(Asked.User(new TextPart("Hi"))) with { Tools = [Weather], ToolChoice = new ToolChoice(mode) });
        Assert.Equal(expected, asked.Body.Text("tool_choice"));
    }

    [Fact]
    public void Strictness_is_about_all_tools_or_none()
    {
        var all = Asked.In(Codec, Asked.Request() with { Tools = [Weather with { Strict = true }] });
        Assert.True(all.Body.Flag("strict_tools"));
        Assert.Empty(all.Dropped);

        var some = Asked.In(Codec, Asked.Request() with { Tools = [Weather with { Strict = true }, Time] });
        Assert.Null(some.Body.Flag("strict_tools"));
        Assert.Equal(["strict"], some.Dropped);
    }

    [Fact]
    public void Sampling_stays_within_what_is_taken()
    {
        var asked = Asked.In(Codec, Asked.Request() with { TopP = 1, TopK = 1000, PresencePenalty = -1, FrequencyPenalty = 0.5, Temperature = 0, Seed = 7 });
        Assert.Equal(0.99, asked.Body.Number("p"));
        Assert.Equal(0.5, asked.Body.Number("frequency_penalty"));
        Assert.Equal(0, asked.Body.Number("temperature"));
        Assert.Equal(7, asked.Body.Integer("seed"));
        Assert.Null(asked.Body.Member("k"));
        Assert.Null(asked.Body.Member("presence_penalty"));
        Assert.Equal(["top_k", "presence_penalty"], asked.Dropped);
    }

    [Theory]
    [InlineData("none", null, """{"type":"disabled"}""")]
    [InlineData("low", null, """{"type":"enabled","token_budget":2048}""")]
    [InlineData(null, 5000L, """{"type":"enabled","token_budget":5000}""")]
    [InlineData(null, -1L, """{"type":"enabled"}""")]
    public void Says_how_much_to_think(string? effort, long? budget, string expected)
    {
        var asked = Asked.In(Codec, Asked.Request() with { Reasoning = new ReasoningOptions { Effort = effort, BudgetTokens = budget } });
        AssertIs(expected, asked.Body.GetProperty("thinking"));
    }

    [Fact]
    public void A_schema_is_told_as_a_json_object()
    {
        var asked = Asked.In(Codec, Asked.Request() with
        {
            ResponseFormat = new ResponseFormat(ResponseFormatKind.JsonSchema) { Name = "n", Strict = true, Schema = Asked.Json("""{"type":"object"}""") },
        });
        AssertIs("""{"type":"json_object","json_schema":{"type":"object"}}""", asked.Body.GetProperty("response_format"));
    }

    [Fact]
    public void Hints_without_a_place_are_named()
    {
        var asked = Asked.In(Codec, Asked.Request(
            Asked.User(new TextPart("Hi") { CacheControl = new CacheControl(false) }),
            Asked.Assistant(new ReasoningPart { Text = "hm", Signature = new Signature(Dialect.Anthropic, "s") }, new TextPart("Yes")),
            Asked.User(new ToolResultPart("c") { IsError = true, Content = [new TextPart("no")] })) with
        {
            User = "u",
            ParallelToolCalls = false,
            TopLogprobs = 3,
            LogitBias = Asked.Json("{}"),
            Candidates = 1,
        });
        Assert.Equal(["cache_control", "is_error", "logit_bias", "parallel_tool_calls", "reasoning", "top_logprobs", "user"], asked.Dropped.Order(StringComparer.Ordinal), StringComparer.Ordinal);
    }

    [Fact]
    public void What_changes_the_meaning_is_refused()
    {
        Assert.Equal("n", Asked.Refused(Codec, Asked.Request() with { Candidates = 2 }));
        Assert.Equal("previous_response_id", Asked.Refused(Codec, Asked.Request() with { PreviousResponseId = "r" }));
        Assert.Equal("modalities (audio)", Asked.Refused(Codec, Asked.Request() with { Modalities = ["text", "audio"] }));
        Assert.Equal("tools[0] (web_search)", Asked.Refused(Codec, Asked.Request() with { Tools = [new OpaqueTool(Dialect.OpenAiResponses, "web_search", default)] }));
        Assert.Equal("tools[0] (custom tool 'sh')", Asked.Refused(Codec, Asked.Request() with { Tools = [new CustomTool("sh", null)] }));
        Assert.Equal(
            "messages[0].content[1] (file)",
            Asked.Refused(Codec, Asked.Request(Asked.User(new TextPart("a"), new FilePart(new MediaSource { Url = "https://example.com/a.pdf" })))));
        Assert.Equal("messages[0].content[0] (audio)", Asked.Refused(Codec, Asked.Request(Asked.User(new AudioPart(new MediaSource { Base64 = "AAAA"u8.ToArray() })))));
    }

    [Fact]
    public void Documents_cannot_be_told_to_others()
    {
        var request = Codec.ReadRequest(Asked.Json("""{"model":"m","messages":[],"documents":["a"],"safety_mode":"OFF"}"""));
        Assert.Equal("documents True, safety_mode False", string.Join(", ", request.Extensions!.Members.Select(m => $"{m.Name} {m.ChangesMeaning}")));
    }

    [Theory]
    [InlineData("[]", null)]
    [InlineData("{}", "messages")]
    [InlineData("""{"messages":[1]}""", "messages[0]")]
    [InlineData("""{"messages":[{"role":"robot"}]}""", "messages[0].role")]
    [InlineData("""{"messages":[{"role":"tool","content":"a"}]}""", "messages[0].tool_call_id")]
    [InlineData("""{"messages":[{"role":"user","content":1}]}""", "messages[0].content")]
    [InlineData("""{"messages":[{"role":"user","content":"\ud800"}]}""", "messages[0].content")]
    public void Says_what_is_wrong_with_a_request(string body, string? field) =>
        Assert.Equal(field, Assert.Throws<MalformedException>(() => Codec.ReadRequest(Asked.Json(body))).Field);

    private static void AssertIs(string expected, JsonElement actual) => Assert.Empty(JsonDifference.Between(Asked.Json(expected), actual));
}
