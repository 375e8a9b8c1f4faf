using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Mistral;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Tests.Recorded;

namespace Gatehouse.Protocols.Tests.Dialects.OpenAi;

public sealed class OpenAiChatRequestTests
{
    private static readonly ChatRequest Foreign =
        new() { Dialect = Dialect.Anthropic, Model = "claude", Messages = [new(Role.User, [new TextPart("Hi")])] };

    [Fact]
    public void Results_of_tools_become_messages_of_their_own_and_their_images_the_users()
    {
        var image = new ImagePart(new MediaSource { MediaType = "image/png", Base64 = "AAAA"u8.ToArray() });
        var request = Foreign with
        {
            Messages =
            [
                new ChatMessage(Role.Assistant, [new TextPart("Looking."), new ToolCallPart("toolu_1", "look", "{}"), new ToolCallPart("toolu_2", "read", """{"a":1}""")]),
                new ChatMessage(Role.User, [new ToolResultPart("toolu_1") { Content = [new TextPart("seen"), image] }, new ToolResultPart("toolu_2") { IsError = true }, new TextPart("And now?")]),
            ],
        };
        var (body, dropped) = Write(request);
        Assert.Equal(
            """[{"role":"assistant","content":"Looking.","tool_calls":[{"id":"toolu_1","type":"function","function":{"name":"look","arguments":"{}"}},{"id":"toolu_2","type":"function","function":{"name":"read","arguments":"{\"a\":1}"}}]},{"role":"tool","tool_call_id":"toolu_1","content":"seen"},{"role":"tool","tool_call_id":"toolu_2","content":""},{"role":"user","content":[{"type":"text","text":"Result of tool call toolu_1:"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}},{"type":"text","text":"And now?"}]}]""",
            body.GetProperty("messages").GetRawText());
        Assert.Equal(["is_error"], dropped);
    }

    [Fact]
    public void Texts_of_another_dialect_are_joined_and_their_cache_marks_dropped()
    {
        var request = Foreign with
        {
            Messages =
            [
                new ChatMessage(Role.System, [new TextPart("One.") { CacheControl = new CacheControl(false) }, new TextPart("Two.")]),
                new ChatMessage(Role.Developer, [new TextPart("Three.")]),
                new ChatMessage(Role.User, [new TextPart("Hi")]),
            ],
        };
        var (body, dropped) = Write(request);
        Assert.Equal("""[{"role":"system","content":"One.\n\nTwo."},{"role":"system","content":"Three."},{"role":"user","content":"Hi"}]""", body.GetProperty("messages").GetRawText());
        Assert.Equal(["cache_control"], dropped);
        var (kept, none) = Write(request, new TargetRules { Traits = ["cache_control"] });
        Assert.Equal("""{"type":"ephemeral"}""", kept.GetProperty("messages")[0].GetProperty("content")[0].GetProperty("cache_control").GetRawText());
        Assert.Empty(none);
    }

    [Fact]
    public void Thoughts_go_only_to_those_who_want_them_back()
    {
        var signature = new Signature(Dialect.Anthropic, "SIG");
        var request = Foreign with { Messages = [new ChatMessage(Role.Assistant, [new ReasoningPart { Text = "Hm.", Signature = signature }, new TextPart("Yes.")])] };
        var (plain, dropped) = Write(request);
        Assert.Equal("""{"role":"assistant","content":"Yes."}""", plain.GetProperty("messages")[0].GetRawText());
        Assert.Equal(["reasoning"], dropped);
        var (deepSeek, _) = Write(request, new TargetRules { Traits = ["reasoning_content"] });
        Assert.Equal("""{"role":"assistant","reasoning_content":"Hm.","content":"Yes."}""", deepSeek.GetProperty("messages")[0].GetRawText());
        var (openRouter, _) = Write(request, new TargetRules { Traits = ["reasoning_details"] });
        Assert.Equal(
            """[{"type":"reasoning.text","text":"Hm.","signature":"SIG","format":"anthropic-claude-v1","index":0}]""",
            openRouter.GetProperty("messages")[0].GetProperty("reasoning_details").GetRawText());
    }

    [Theory]
    [InlineData("""{"reasoning_details":[{"type":"reasoning.text","text":"Hm.","signature":"SIG","format":"anthropic-claude-v1"}]}""", Dialect.Anthropic, "Hm.")]
    [InlineData("""{"reasoning_content":"Hm.","reasoning_details":[{"type":"reasoning.text","signature":"SIG","format":"anthropic-claude-v1"}]}""", Dialect.Anthropic, "Hm.")]
    [InlineData("""{"reasoning_content":"Hm.","thinking_blocks":[{"type":"thinking","thinking":"Hm.","signature":"SIG"}]}""", Dialect.Anthropic, "Hm.")]
    [InlineData("""{"thinking_blocks":[{"type":"redacted_thinking","data":"SIG"}]}""", Dialect.Anthropic, "")]
    [InlineData("""{"reasoning_details":[{"type":"reasoning.summary","summary":"Hm."},{"type":"reasoning.encrypted","data":"SIG","id":"rs_1","format":"openai-responses-v1"}]}""", Dialect.OpenAiResponses, "Hm.")]
    [InlineData("""{"reasoning_details":[{"type":"reasoning.text","text":"Hm.","signature":"gatehouse.cohere.SIG","format":"unknown"}]}""", Dialect.Cohere, "Hm.")]
    public void A_signature_is_read_in_every_form(string members, Dialect maker, string text)
    {
        var part = Assert.IsType<ReasoningPart>(Assert.Single(Read($$"""{"messages":[{"role":"assistant",{{members[1..]}}]}""").Messages[0].Parts));
        Assert.Equal((new Signature(maker, "SIG"), text), (part.Signature, part.Text));
    }

    [Theory]
    [InlineData("""{"role":"assistant","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"},"extra_content":{"google":{"thought_signature":"R0VN"}}}]}""")]
    [InlineData("""{"role":"assistant","reasoning_details":[{"type":"reasoning.text","text":"Hm."},{"type":"reasoning.encrypted","data":"R0VN","id":"c1","format":"google-gemini-v1"}],"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]}""")]
    public void Geminis_signature_finds_its_call(string message)
    {
        var parts = Read($$"""{"messages":[{{message}}]}""").Messages[0].Parts;
        Assert.Equal(new Signature(Dialect.Gemini, "R0VN"), Assert.Single(parts.OfType<ToolCallPart>()).Signature);
        Assert.DoesNotContain(parts, p => p is ReasoningPart { IsRedacted: true });
    }

    [Theory]
    [InlineData("""{"reasoning_effort":"high"}""", """{"reasoning_effort":"high"}""")]
    [InlineData("""{"reasoning":{"effort":"low","exclude":true}}""", """{"reasoning":{"effort":"low","exclude":true}}""")]
    [InlineData("""{"thinking":{"type":"disabled"},"enable_thinking":false}""", """{"thinking":{"type":"disabled"},"enable_thinking":false}""")]
    [InlineData("""{"max_tokens":5}""", """{"max_tokens":5}""")]
    [InlineData("""{"max_completion_tokens":5,"max_tokens":6}""", """{"max_completion_tokens":5,"max_tokens":6}""")]
    [InlineData("""{"stream":true,"stream_options":{"include_obfuscation":false}}""", """{"stream":true,"stream_options":{"include_usage":true,"include_obfuscation":false}}""")]
    [InlineData("""{"functions":[{"name":"f"}],"function_call":{"name":"f"}}""", """{"functions":[{"name":"f"}],"function_call":{"name":"f"}}""")]
    [InlineData("""{"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{"type":"function","function":{"name":"f"}}]}}}""", null)]
    [InlineData("""{"tools":[{"type":"custom","custom":{"name":"f"}}],"tool_choice":{"type":"custom","custom":{"name":"f"}}}""", null)]
    [InlineData("""{"response_format":{"type":"grammar","grammar":"x"}}""", null)]
    public void The_same_dialect_gets_what_was_written(string members, string? expected)
    {
        var json = $$"""{"model":"m","messages":[],{{members[1..]}}""";
        var (body, dropped) = Write(Read(json));
        var wanted = JsonDocument.Parse($$"""{"model":"m","messages":[],{{(expected ?? members)[1..]}}""").RootElement;
        Assert.Empty(JsonDifference.Between(wanted, body));
        Assert.Empty(dropped);
    }

    [Fact]
    public void Older_functions_keep_their_form()
    {
        const string Json = """{"model":"m","messages":[{"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}},{"role":"function","name":"f","content":"4"}],"functions":[{"name":"f"}]}""";
        var request = Read(Json);
        Assert.Equal(Assert.IsType<ToolCallPart>(request.Messages[0].Parts[0]).Id, Assert.IsType<ToolResultPart>(request.Messages[1].Parts[0]).CallId);
        Assert.Empty(JsonDifference.Between(JsonDocument.Parse(Json).RootElement, Write(request).Body));
    }

    [Theory]
    [InlineData("max_tokens", "max_completion_tokens", "max_completion_tokens")]
    [InlineData("other", "other", "max_tokens")]
    public void A_rule_renames_the_limit(string from, string to, string expected)
    {
        var rules = new TargetRules { Rename = new Dictionary<string, string>(StringComparer.Ordinal) { [from] = to } };
        Assert.Equal(7, Write(Foreign with { MaxOutputTokens = 7 }, rules).Body.GetProperty(expected).GetInt32());
    }

    [Theory]
    [InlineData("reasoning_effort", """{"reasoning_effort":"medium"}""")]
    [InlineData("reasoning", """{"reasoning":{"max_tokens":5000}}""")]
    [InlineData("thinking", """{"thinking":{"type":"enabled"}}""")]
    [InlineData("enable_thinking", """{"enable_thinking":true}""")]
    public void A_budget_takes_the_form_that_the_target_knows(string form, string expected)
    {
        var rules = new TargetRules { Rename = new Dictionary<string, string>(StringComparer.Ordinal) { ["reasoning_effort"] = form } };
        var (body, _) = Write(Foreign with { Reasoning = new ReasoningOptions { Mode = ReasoningMode.Enabled, BudgetTokens = 5000 } }, rules);
        var wanted = JsonDocument.Parse(expected).RootElement.EnumerateObject().First();
        Assert.True(JsonElement.DeepEquals(wanted.Value, body.GetProperty(wanted.Name)), body.GetRawText());
    }

    [Fact]
    public void What_only_another_dialect_has_is_refused_or_named()
    {
        var value = JsonDocument.Parse("""{"type":"web_search_20260209","name":"web_search"}""").RootElement;
        Assert.Equal("tools[0] (web_search_20260209)", Refusal(Foreign with { Tools = [new OpaqueTool(Dialect.Anthropic, "web_search_20260209", value)] }));
        Assert.Equal("messages[0].content[0] (file by id)", Refusal(Foreign with { Messages = [new ChatMessage(Role.User, [new FilePart(new MediaSource { FileId = "file_1" })])] }));
        Assert.Equal("previous_response_id", Refusal(Foreign with { PreviousResponseId = "resp_1" }));
        var hints = new Extensions(Dialect.Anthropic, [new Extension("inference_geo", value)]);
        Assert.Equal(["inference_geo", "top_k"], Write(Foreign with { TopK = 5, Extensions = hints }).Dropped);
    }

    [Fact]
    public void Mistral_gets_what_its_specification_has()
    {
        var request = Foreign with
        {
            Dialect = Dialect.OpenAiChat,
            IsStream = true,
            Seed = 4,
            User = "u",
            Logprobs = true,
            MaxOutputTokens = 9,
            MaxOutputTokensName = "max_completion_tokens",
            Reasoning = new ReasoningOptions { Effort = "low" },
            Tools = [new FunctionTool("f"), new FunctionTool("g")],
            ToolChoice = new ToolChoice(ToolChoiceMode.Required),
            Messages =
            [
                new ChatMessage(Role.Developer, [new TextPart("Be brief.")]),
                new ChatMessage(Role.Assistant, [new ToolCallPart("call_abcdefghijkl", "f", "{}")]),
                new ChatMessage(Role.User, [new ToolResultPart("call_abcdefghijkl") { Content = [new TextPart("4")] }]),
                new ChatMessage(Role.Assistant, [new TextPart("It is")]),
            ],
        };
        var (body, dropped) = Write(request, codec: MistralCodec.Instance);
        Assert.Equal("system", body.GetProperty("messages")[0].GetProperty("role").GetString());
        var id = body.GetProperty("messages")[1].GetProperty("tool_calls")[0].GetProperty("id").GetString();
        Assert.True(id is { Length: 9 } && id.All(char.IsAsciiLetterOrDigit), id);
        Assert.Equal(id, body.GetProperty("messages")[2].GetProperty("tool_call_id").GetString());
        Assert.True(body.GetProperty("messages")[3].GetProperty("prefix").GetBoolean());
        Assert.Equal(("any", 4, 9, "high"), (body.GetProperty("tool_choice").GetString(), body.GetProperty("random_seed").GetInt32(), body.GetProperty("max_tokens").GetInt32(), body.GetProperty("reasoning_effort").GetString()));
        Assert.False(body.TryGetProperty("stream_options", out _));
        Assert.Equal(["logprobs", "user"], dropped);
    }

    [Theory]
    [InlineData("""[]""", null)]
    [InlineData("""{}""", "messages")]
    [InlineData("""{"messages":[1]}""", "messages[0]")]
    [InlineData("""{"messages":[{"content":"x"}]}""", "messages[0].role")]
    [InlineData("""{"messages":[{"role":"user","content":5}]}""", "messages[0].content")]
    [InlineData("""{"messages":[{"role":"user","content":[{"text":"x"}]}]}""", "messages[0].content[0].type")]
    [InlineData("""{"messages":[{"role":"tool","content":"x"}]}""", "messages[0].tool_call_id")]
    [InlineData("""{"messages":[{"role":"assistant","tool_calls":[{"id":"a"}]}]}""", "messages[0].tool_calls[0].function.name")]
    [InlineData("""{"messages":[],"tools":[{"type":"function"}]}""", "tools[0].function")]
    public void A_request_without_meaning_is_refused_with_its_place(string json, string? field) =>
        Assert.Equal(field, Assert.Throws<MalformedException>(() => Read(json)).Field);

    private static ChatRequest Read(string json) => OpenAiChatCodec.Instance.ReadRequest(JsonDocument.Parse(json).RootElement);

    private static (JsonElement Body, IReadOnlyList<string> Dropped) Write(ChatRequest request, TargetRules? rules = null, DialectCodec? codec = null)
    {
        var dropped = new DroppedParameters();
        var body = RoundTrip.Write(writer => (codec ?? OpenAiChatCodec.Instance).WriteRequest(request, new RequestContext("m", rules ?? TargetRules.None, dropped), writer));
        return (body, dropped.Names);
    }

    private static string Refusal(ChatRequest request) => Assert.Throws<UnsupportedException>(() => Write(request)).Message;
}
