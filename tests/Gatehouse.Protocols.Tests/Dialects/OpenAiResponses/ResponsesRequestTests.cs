using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.OpenAiResponses;
using Gatehouse.Protocols.Json;
using Gatehouse.Protocols.Tests.Recorded;

namespace Gatehouse.Protocols.Tests.Dialects.OpenAiResponses;

public sealed class ResponsesRequestTests
{
    private readonly DroppedParameters _dropped = new();

    [Fact]
    public void Items_of_one_turn_are_one_turn()
    {
        var request = Read("""
            {"model":"m","instructions":"Be brief.","input":[
              {"role":"user","content":"Weather?"},
              {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"one"},{"type":"summary_text","text":"two"}],"encrypted_content":"e=="},
              {"type":"message","role":"assistant","id":"msg_1","status":"completed","content":[{"type":"output_text","text":"Looking.","annotations":[]}]},
              {"type":"function_call","id":"fc_1","call_id":"c1","name":"get","arguments":"{}"},
              {"type":"function_call","call_id":"c2","name":"get","arguments":""},
              {"type":"function_call_output","call_id":"c1","output":"sun"},
              {"type":"function_call_output","call_id":"c2","output":[{"type":"input_text","text":"rain"}]},
              {"role":"developer","content":"Now answer."}]}
            """);

        Assert.Equal([Role.System, Role.User, Role.Assistant, Role.User, Role.Developer], request.Messages.Select(m => m.Role));
        Assert.Collection(
            request.Messages[2].Parts,
            p => Assert.Equal(("one\n\ntwo", "e==", "rs_1"), (((ReasoningPart)p).Text, ((ReasoningPart)p).Signature!.Value, ((ReasoningPart)p).ItemId)),
            p => Assert.Equal("Looking.", ((TextPart)p).Text),
            p => Assert.Equal(("c1", "fc_1"), (((ToolCallPart)p).Id, ((ToolCallPart)p).ItemId)),
            p => Assert.Equal("{}", ((ToolCallPart)p).Arguments));
        Assert.Equal(["c1", "c2"], request.Messages[3].Parts.Cast<ToolResultPart>().Select(r => r.CallId), StringComparer.Ordinal);
    }

    [Fact]
    public void Another_dialects_request_is_written_with_this_ones_words()
    {
        var schema = Json("""{"type":"object"}""");
        var written = Write(new ChatRequest
        {
            Dialect = Dialect.Anthropic,
            IsStream = true,
            Messages =
            [
                new(Role.System, [new TextPart("A"), new TextPart("B")]),
                new(Role.User, [new TextPart("See"), new ImagePart(new MediaSource { MediaType = "image/gif", Base64 = "AAAA"u8.ToArray() })]),
                new(Role.Assistant, [new ReasoningPart { Text = "hm", Signature = new(Dialect.Anthropic, "s") }, new TextPart("I will."), new ToolCallPart("toolu:1", "f", "{\"a\":1}")]),
                new(Role.User, [new ToolResultPart("toolu:1") { Content = [new TextPart("ok")], IsPlainText = true, IsError = true }, new TextPart("and?")]),
            ],
            Tools = [new FunctionTool("f") { Parameters = schema }],
            ToolChoice = new ToolChoice(ToolChoiceMode.Required) { Names = ["f"] },
            ResponseFormat = new ResponseFormat(ResponseFormatKind.JsonSchema) { Schema = schema },
            Reasoning = new ReasoningOptions { Mode = ReasoningMode.Enabled, BudgetTokens = 9000, IncludeThoughts = true },
            MaxOutputTokens = 100,
            TopK = 5,
            StopSequences = ["x"],
            User = "u",
        });

        var call = ToolCallId.Fit("toolu:1", 64);
        var expected = $$"""
            {"model":"target","instructions":"A\nB","input":[
              {"role":"user","content":[{"type":"input_text","text":"See"},{"type":"input_image","image_url":"data:image/gif;base64,AAAA","detail":"auto"}]},
              {"type":"message","role":"assistant","content":[{"type":"output_text","text":"I will."}]},
              {"type":"function_call","call_id":"{{call}}","name":"f","arguments":"{\"a\":1}"},
              {"type":"function_call_output","call_id":"{{call}}","output":"ok"},
              {"role":"user","content":[{"type":"input_text","text":"and?"}]}],
             "tools":[{"type":"function","name":"f","parameters":{"type":"object","properties":{ } },"strict":false}],
             "tool_choice":{"type":"function","name":"f"},"max_output_tokens":100,"user":"u",
             "text":{"format":{"type":"json_schema","name":"answer","schema":{"type":"object"} } },
             "reasoning":{"effort":"high","summary":"auto"},"include":["reasoning.encrypted_content"],"store":false,"stream":true}
            """;
        Assert.Empty(JsonDifference.Between(Json(expected), written));
        Assert.Equal(["is_error", "reasoning", "stop", "top_k"], _dropped.Names.Order(StringComparer.Ordinal), StringComparer.Ordinal);
    }

    [Fact]
    public void One_question_is_one_string() =>
        Assert.Equal("Hi", Write(new ChatRequest { Dialect = Dialect.OpenAiChat, Messages = [new(Role.User, [new TextPart("Hi")]) { IsPlainText = true }] }).Text("input"));

    [Fact]
    public void A_custom_tools_result_is_known_by_its_call()
    {
        var written = Write(new ChatRequest
        {
            Dialect = Dialect.OpenAiChat,
            Messages =
            [
                new(Role.Assistant, [new ToolCallPart("c", "sql", "select 1") { IsCustom = true }]),
                new(Role.User, [new ToolResultPart("c") { Content = [new TextPart("1")], IsPlainText = true }]),
            ],
            Tools = [new CustomTool("sql", null)],
            ToolChoice = new ToolChoice(ToolChoiceMode.Required) { Names = ["sql"] },
        });

        Assert.Equal(["custom_tool_call", "custom_tool_call_output"], written.Items("input").Select(i => i.Text("type")!), StringComparer.Ordinal);
        Assert.Equal("custom", written.GetProperty("tool_choice").Text("type"));
    }

    [Fact]
    public void What_changes_the_meaning_is_refused_with_its_place()
    {
        var opaque = new OpaquePart(Dialect.Anthropic, "server_tool_use", Json("{}"));
        var video = new FilePart(new MediaSource { MediaType = "video/mp4", Url = "https://a.example/v" });
        Assert.Equal("n", Refused(new ChatRequest { Dialect = Dialect.OpenAiChat, Candidates = 2, Messages = Greeting }));
        Assert.Equal("modalities (audio)", Refused(new ChatRequest { Dialect = Dialect.OpenAiChat, Modalities = ["text", "audio"], Messages = Greeting }));
        Assert.Equal("tools[0] (web_search_20250305)", Refused(new ChatRequest { Dialect = Dialect.Anthropic, Tools = [new OpaqueTool(Dialect.Anthropic, "web_search_20250305", Json("{}"))], Messages = Greeting }));
        Assert.Equal("messages[0].content[0] (server_tool_use)", Refused(new ChatRequest { Dialect = Dialect.Anthropic, Messages = [new(Role.Assistant, [opaque])] }));
        Assert.Equal("messages[0].content[1] (video/mp4)", Refused(new ChatRequest { Dialect = Dialect.Gemini, Messages = [new(Role.User, [new TextPart("a"), video])] }));
    }

    [Fact]
    public void What_only_this_dialect_knows_is_marked_when_it_changes_the_meaning()
    {
        var request = Read("""{"model":"m","input":"x","background":true,"conversation":"conv_1","truncation":"auto","prompt":{"id":"p"}}""");

        Assert.Equal(
            ["background:True", "conversation:True", "prompt:True", "truncation:False"],
            request.Extensions!.Members.Select(m => $"{m.Name}:{m.ChangesMeaning}").Order(StringComparer.Ordinal),
            StringComparer.Ordinal);
        Assert.False(Read("""{"background":false}""").Extensions!.Members.Single().ChangesMeaning);
    }

    [Theory]
    [InlineData("""{"input":5}""", "input")]
    [InlineData("""{"input":[5]}""", "input[0]")]
    [InlineData("""{"input":[{}]}""", "input[0]")]
    [InlineData("""{"input":[{"role":"user"}]}""", "input[0].content")]
    [InlineData("""{"input":[{"role":"user","content":[{"type":"input_text"}]}]}""", "input[0].content[0].text")]
    [InlineData("""{"input":[{"type":"function_call","name":"f"}]}""", "input[0].call_id")]
    [InlineData("""{"tools":[{"type":"function","function":{"name":"f"}}]}""", "tools[0].name")]
    [InlineData("""{"tool_choice":{}}""", "tool_choice")]
    [InlineData("""{"text":{"format":{"type":"json_schema"}}}""", "text.format.schema")]
    public void A_mistake_names_its_place(string body, string field) =>
        Assert.Equal(field, Assert.Throws<MalformedException>(() => Read(body)).Field);

    private static ChatMessage[] Greeting => [new(Role.User, [new TextPart("Hi")])];

    private static ChatRequest Read(string body) => ResponsesCodec.Instance.ReadRequest(Json(body));

    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;

    private string Refused(ChatRequest request) => Assert.Throws<UnsupportedException>(() => Write(request)).Message;

    private JsonElement Write(ChatRequest request) =>
        RoundTrip.Write(writer => ResponsesCodec.Instance.WriteRequest(request, new RequestContext("target", TargetRules.None, _dropped), writer));
}
