using System.Text.Json;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Tests.Dialects.Anthropic;

/// <summary>What other dialects' callers ask, in Anthropic's words.</summary>
public class AnthropicRequestWriterTests
{
    [Fact]
    public void Leading_system_turns_go_into_system_and_later_ones_into_user_turns()
    {
        var (body, dropped) = AnthropicBodies.Write(AnthropicBodies.Foreign(
            AnthropicBodies.Said(Role.System, "A"), AnthropicBodies.Said(Role.Developer, "B"), AnthropicBodies.Said(Role.User, "Hi"),
            AnthropicBodies.Said(Role.System, "C"), AnthropicBodies.Said(Role.Assistant, "Ho  ")));

        AnthropicBodies.AssertJson("""
            {"model":"claude-target","max_tokens":4096,"system":[{"type":"text","text":"A"},{"type":"text","text":"B"}],"messages":[
              {"role":"user","content":[{"type":"text","text":"Hi"},{"type":"text","text":"<system>\nC\n</system>"}]},
              {"role":"assistant","content":"Ho"}]}
            """, body);
        Assert.Empty(dropped);
    }

    [Fact]
    public void A_target_that_takes_system_turns_gets_them_where_they_stand()
    {
        var (body, _) = AnthropicBodies.Write(
            AnthropicBodies.Foreign(AnthropicBodies.Said(Role.User, "Hi"), AnthropicBodies.Said(Role.System, "C")), "system_messages");
        Assert.Equal("system", body.GetProperty("messages")[1].GetProperty("role").GetString());
    }

    [Fact]
    public void The_conversation_begins_with_the_user()
    {
        var (greeting, _) = AnthropicBodies.Write(AnthropicBodies.Foreign(AnthropicBodies.Said(Role.Assistant, "Hello"), AnthropicBodies.Said(Role.User, "Hi")));
        Assert.Equal("user,assistant,user", string.Join(',', greeting.GetProperty("messages").EnumerateArray().Select(m => m.GetProperty("role").GetString())));

        var (system, _) = AnthropicBodies.Write(AnthropicBodies.Foreign(AnthropicBodies.Said(Role.System, "Tell a joke")));
        AnthropicBodies.AssertJson("""[{"role":"user","content":"Tell a joke"}]""", system.GetProperty("messages"));
    }

    [Fact]
    public void Results_of_parallel_calls_make_one_user_turn_and_their_ids_fit()
    {
        var (body, _) = AnthropicBodies.Write(AnthropicBodies.Foreign(
            AnthropicBodies.Said(Role.User, "Weather?"),
            new ChatMessage(Role.Assistant, [new ToolCallPart("call:1", "f", """{"c":"Rome"}"""), new ToolCallPart("call_2", "f", "")]),
            new ChatMessage(Role.User, [new ToolResultPart("call:1") { IsPlainText = true, Content = [new TextPart("sun")] }]),
            new ChatMessage(Role.User, [new ToolResultPart("call_2") { IsError = true, Content = [new ImagePart(new MediaSource { MediaType = "image/png", Base64 = "iVBORw0KGgo="u8.ToArray() })] }]),
            AnthropicBodies.Said(Role.User, "So?")) with
        { Tools = [new FunctionTool("f")] });

        var messages = body.GetProperty("messages");
        Assert.Equal(3, messages.GetArrayLength());
        var id = messages[1].GetProperty("content")[0].GetProperty("id").GetString()!;
        Assert.Matches("^[a-zA-Z0-9_-]+$", id);
        Assert.Equal("{}", messages[1].GetProperty("content")[1].GetProperty("input").GetRawText());
        AnthropicBodies.AssertJson($$"""
            [{"type":"tool_result","tool_use_id":"{{id}}","content":"sun"},
             {"type":"tool_result","tool_use_id":"call_2","is_error":true,"content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="} }]},
             {"type":"text","text":"So?"}]
            """, messages[2].GetProperty("content"));
    }

    [Fact]
    public void Calls_in_the_history_without_tools_get_their_definitions()
    {
        var (body, _) = AnthropicBodies.Write(AnthropicBodies.Foreign(
            AnthropicBodies.Said(Role.User, "x"), new ChatMessage(Role.Assistant, [new ToolCallPart("1", "f", "{}")]), new ChatMessage(Role.User, [new ToolResultPart("1")])));
        AnthropicBodies.AssertJson("""[{"name":"f","input_schema":{"type":"object","properties":{}}}]""", body.GetProperty("tools"));
        Assert.Equal("none", body.GetProperty("tool_choice").GetProperty("type").GetString());
    }

    [Fact]
    public void The_schema_of_a_tool_is_an_object()
    {
        var schema = JsonDocument.Parse("""{"type":null,"properties":{"a":{}}}""").RootElement;
        var (body, _) = AnthropicBodies.Write(AnthropicBodies.Foreign() with { Tools = [new FunctionTool("f") { Parameters = schema }] });
        AnthropicBodies.AssertJson("""{"type":"object","properties":{"a":{}}}""", body.GetProperty("tools")[0].GetProperty("input_schema"));
    }

    [Theory]
    [InlineData(ToolChoiceMode.Auto, "", false, """{"type":"auto","disable_parallel_tool_use":true}""")]
    [InlineData(ToolChoiceMode.Required, "", true, """{"type":"any"}""")]
    [InlineData(ToolChoiceMode.Required, "a", null, """{"type":"tool","name":"a"}""")]
    [InlineData(ToolChoiceMode.Required, "a,b", null, """{"type":"any"}""")]
    [InlineData(ToolChoiceMode.None, "", false, """{"type":"none"}""")]
    public void Writes_the_choice_of_tools(ToolChoiceMode mode, string names, bool? parallel, string expected)
    {
        var (body, _) = AnthropicBodies.Write(AnthropicBodies.Foreign() with
        {
            Tools = [new FunctionTool("a"), new FunctionTool("b"), new FunctionTool("c")],
            ToolChoice = new ToolChoice(mode) { Names = names.Split(',', StringSplitOptions.RemoveEmptyEntries) },
            ParallelToolCalls = parallel,
        });
        AnthropicBodies.AssertJson(expected, body.GetProperty("tool_choice"));
        Assert.Equal(names == "a,b" ? 2 : 3, body.GetProperty("tools").GetArrayLength());
    }

    [Fact]
    public void Hints_are_dropped_and_named()
    {
        var (body, dropped) = AnthropicBodies.Write(AnthropicBodies.Foreign() with
        {
            Temperature = 1.7,
            Seed = 1,
            PresencePenalty = 1,
            FrequencyPenalty = 1,
            Logprobs = true,
            TopLogprobs = 2,
            Candidates = 1,
            StopSequences = ["\n", "END"],
            ServiceTier = "flex",
            Store = true,
            Verbosity = "low",
            PromptCacheKey = "k",
            User = "u",
            ResponseFormat = new ResponseFormat(ResponseFormatKind.JsonObject),
        });
        Assert.Equal(
            "frequency_penalty logprobs presence_penalty prompt_cache_key seed service_tier stop store temperature top_logprobs verbosity",
            string.Join(' ', dropped.Order(StringComparer.Ordinal)));
        AnthropicBodies.AssertJson(
            """{"model":"claude-target","max_tokens":4096,"system":[{"type":"text","text":"Answer with one JSON object and nothing else."}],"messages":[{"role":"user","content":"Hi"}],"temperature":1,"stop_sequences":["END"],"metadata":{"user_id":"u"}}""", body);
    }

    public static TheoryData<string, ChatRequest> Refused => new()
    {
        { "n", AnthropicBodies.Foreign() with { Candidates = 2 } },
        { "previous_response_id", AnthropicBodies.Foreign() with { PreviousResponseId = "resp_1" } },
        { "modalities (audio)", AnthropicBodies.Foreign() with { Modalities = ["text", "audio"] } },
        { "tools[0] (custom)", AnthropicBodies.Foreign() with { Tools = [new CustomTool("c", null)] } },
        { "tools[0] (web_search)", AnthropicBodies.Foreign() with { Tools = [new OpaqueTool(Dialect.OpenAiResponses, "web_search", default)] } },
        { "messages[0].content[0] (audio)", AnthropicBodies.Foreign(new ChatMessage(Role.User, [new AudioPart(new MediaSource { Base64 = "AAAA"u8.ToArray() })])) },
        { "messages[0].content[0] (image/heic)", AnthropicBodies.Foreign(new ChatMessage(Role.User, [new ImagePart(new MediaSource { MediaType = "image/heic", Base64 = "AAAA"u8.ToArray() })])) },
        { "messages[0].content[0] (video/mp4)", AnthropicBodies.Foreign(new ChatMessage(Role.User, [new FilePart(new MediaSource { MediaType = "video/mp4", Base64 = "AAAA"u8.ToArray() })])) },
        { "messages[0].content[0] (file by its id)", AnthropicBodies.Foreign(new ChatMessage(Role.User, [new FilePart(new MediaSource { FileId = "file-1" })])) },
        { "messages[0].content[0] (image that is neither base64 nor an http(s) URL)", AnthropicBodies.Foreign(new ChatMessage(Role.User, [new ImagePart(new MediaSource { Url = "gs://b/i.png" })])) },
        { "messages[0].content[0] (executableCode)", AnthropicBodies.Foreign(new ChatMessage(Role.User, [new OpaquePart(Dialect.Gemini, "executableCode", default)])) },
    };

    [Theory, MemberData(nameof(Refused))]
    public void Refuses_what_it_cannot_say(string feature, ChatRequest request) =>
        Assert.Equal(feature, Assert.Throws<UnsupportedException>(() => AnthropicBodies.Write(request)).Message);

    [Fact]
    public void A_text_file_becomes_a_plain_text()
    {
        var (body, _) = AnthropicBodies.Write(AnthropicBodies.Foreign(new ChatMessage(
            Role.User, [new FilePart(new MediaSource { MediaType = "text/csv", Base64 = "YSxi"u8.ToArray() }) { FileName = "t.csv" }])));
        AnthropicBodies.AssertJson(
            """[{"type":"document","source":{"type":"text","media_type":"text/plain","data":"a,b"},"title":"t.csv"}]""", body.GetProperty("messages")[0].GetProperty("content"));
    }

    [Theory]
    [InlineData("low", null, null, """{"type":"enabled","budget_tokens":2048}""", 6144)]
    [InlineData("max", 3000L, null, """{"type":"enabled","budget_tokens":1500}""", 3000)]
    [InlineData("high", 1500L, null, """{"type":"enabled","budget_tokens":1024}""", 1500)]
    [InlineData("high", 1024L, null, null, 1024)]
    [InlineData("none", 1024L, null, null, 1024)]
    [InlineData(null, 9000L, 500L, """{"type":"enabled","budget_tokens":1024}""", 9000)]
    public void A_budget_is_less_than_the_limit(string? effort, long? limit, long? budget, string? expected, long maxTokens)
    {
        var (body, dropped) = AnthropicBodies.Write(AnthropicBodies.Foreign() with
        {
            MaxOutputTokens = limit,
            Temperature = 0.5,
            Reasoning = new ReasoningOptions { Effort = effort, BudgetTokens = budget },
        });
        Assert.Equal(maxTokens, body.GetProperty("max_tokens").GetInt64());
        Assert.Equal(expected is not null, body.TryGetProperty("thinking", out var thinking));
        if (expected is not null)
        {
            AnthropicBodies.AssertJson(expected, thinking);
            Assert.Equal(["temperature"], dropped);
        }
        else
        {
            Assert.Equal(effort == "none" ? [] : ["reasoning_effort"], dropped);
        }
    }

    [Theory]
    [InlineData("minimal", """{"type":"adaptive"}""", """{"effort":"low"}""")]
    [InlineData("xhigh", """{"type":"adaptive"}""", """{"effort":"xhigh"}""")]
    [InlineData("none", """{"type":"disabled"}""", null)]
    public void A_model_that_thinks_adaptively_is_told_an_effort(string effort, string thinking, string? outputConfig)
    {
        var (body, _) = AnthropicBodies.Write(AnthropicBodies.Foreign() with { Reasoning = new ReasoningOptions { Effort = effort } }, "thinking_adaptive");
        AnthropicBodies.AssertJson(thinking, body.GetProperty("thinking"));
        Assert.Equal(outputConfig, body.TryGetProperty("output_config", out var config) ? config.GetRawText() : null);
    }

    [Fact]
    public void No_thinking_where_it_would_be_refused()
    {
        var reasoning = new ReasoningOptions { Effort = "high" };
        var (loop, loopDropped) = AnthropicBodies.Write(AnthropicBodies.Foreign(
            AnthropicBodies.Said(Role.User, "x"), new ChatMessage(Role.Assistant, [new ToolCallPart("1", "f", "{}")]), new ChatMessage(Role.User, [new ToolResultPart("1")])) with
        { Reasoning = reasoning });
        var (forced, forcedDropped) = AnthropicBodies.Write(AnthropicBodies.Foreign() with
        {
            Reasoning = reasoning,
            Tools = [new FunctionTool("f")],
            ToolChoice = new ToolChoice(ToolChoiceMode.Required),
        });
        Assert.False(loop.TryGetProperty("thinking", out _) || forced.TryGetProperty("thinking", out _));
        Assert.Equal(["reasoning_effort"], loopDropped);
        Assert.Equal(["reasoning_effort"], forcedDropped);
    }

    [Fact]
    public void Only_claudes_own_thoughts_go_back_to_claude()
    {
        var (body, dropped) = AnthropicBodies.Write(AnthropicBodies.Foreign(AnthropicBodies.Said(Role.User, "x"), new ChatMessage(Role.Assistant,
        [
            new ReasoningPart { Text = "unsigned" },
            new ReasoningPart { Text = "sealed", Signature = new Signature(Dialect.OpenAiResponses, "gAAA") },
            new ReasoningPart { Text = "mine", Signature = new Signature(Dialect.Anthropic, "EqQB") },
            new TextPart("y"),
        ])));
        AnthropicBodies.AssertJson(
            """[{"type":"thinking","thinking":"mine","signature":"EqQB"},{"type":"text","text":"y"}]""", body.GetProperty("messages")[1].GetProperty("content"));
        Assert.Equal(["reasoning"], dropped);
    }

    [Fact]
    public void A_caller_of_its_own_keeps_no_thoughts_of_other_makers_either()
    {
        var (body, dropped) = AnthropicBodies.Write(AnthropicBodies.Read("""
            {"max_tokens":1,"messages":[{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":""},{"type":"thinking","thinking":"t","signature":"gatehouse.openai.gAAA"},{"type":"text","text":"y"}]}]}
            """));
        AnthropicBodies.AssertJson("""[{"type":"text","text":"y"}]""", body.GetProperty("messages")[1].GetProperty("content"));
        Assert.Equal(["reasoning"], dropped);
    }

    [Fact]
    public void A_schema_of_another_dialect_is_closed_and_its_constraints_are_told()
    {
        var schema = JsonDocument.Parse("""
            {"type":"object","properties":{"minimum":{"type":"integer","minimum":0,"maximum":10,"description":"Score"},"l":{"type":"array","minItems":1,"items":{"type":["object","null"],"properties":{}}}},"$defs":{"d":{"type":"string","maxLength":3}}}
            """).RootElement;
        var (body, dropped) = AnthropicBodies.Write(AnthropicBodies.Foreign() with { ResponseFormat = new ResponseFormat(ResponseFormatKind.JsonSchema) { Name = "s", Schema = schema } });
        AnthropicBodies.AssertJson("""
            {"type":"object","additionalProperties":false,"properties":{"minimum":{"type":"integer","description":"Score (minimum: 0, maximum: 10)"},
             "l":{"type":"array","minItems":1,"items":{"type":["object","null"],"properties":{},"additionalProperties":false}}},"$defs":{"d":{"type":"string","description":"maxLength: 3"}}}
            """, body.GetProperty("output_config").GetProperty("format").GetProperty("schema"));
        Assert.Empty(dropped);
    }

    [Fact]
    public void Platforms_name_the_model_in_the_path()
    {
        var request = AnthropicBodies.Read("""{"model":"m","max_tokens":1,"stream":true,"messages":[{"role":"user","content":"x"}],"anthropic_beta":["b"],"anthropic_version":"mine"}""");
        var (vertex, _) = AnthropicBodies.Write(request, "anthropic_vertex");
        AnthropicBodies.AssertJson("""{"anthropic_version":"vertex-2023-10-16","max_tokens":1,"stream":true,"messages":[{"role":"user","content":"x"}],"anthropic_beta":["b"]}""", vertex);
        var (bedrock, _) = AnthropicBodies.Write(request, "anthropic_bedrock");
        AnthropicBodies.AssertJson("""{"anthropic_version":"bedrock-2023-05-31","max_tokens":1,"messages":[{"role":"user","content":"x"}],"anthropic_beta":["b"]}""", bedrock);
        var (direct, dropped) = AnthropicBodies.Write(request);
        AnthropicBodies.AssertJson("""{"model":"claude-target","max_tokens":1,"stream":true,"messages":[{"role":"user","content":"x"}]}""", direct);
        Assert.Equal(["anthropic_beta"], dropped);
    }

    [Fact]
    public void Rules_drop_what_a_model_or_a_platform_refuses()
    {
        var request = AnthropicBodies.Read("""{"max_tokens":1,"temperature":1,"top_p":0.9,"top_k":5,"messages":[],"tools":[{"name":"f","input_schema":{"type":"object"},"strict":true,"defer_loading":true}]}""");
        var (body, dropped) = AnthropicBodies.Write(request, TargetRules.None with { Drop = ["temperature", "top_p", "top_k", "strict", "defer_loading"] });
        AnthropicBodies.AssertJson("""{"model":"claude-target","max_tokens":1,"messages":[],"tools":[{"name":"f","input_schema":{"type":"object"}}]}""", body);
        Assert.Equal(["temperature", "top_p", "top_k", "strict", "defer_loading"], dropped);
    }

    [Fact]
    public void The_limit_is_the_callers_or_the_models()
    {
        Assert.Equal(32000, AnthropicBodies.Write(AnthropicBodies.Foreign(), TargetRules.None, 32000).Body.GetProperty("max_tokens").GetInt64());
        Assert.Equal(7, AnthropicBodies.Write(AnthropicBodies.Foreign() with { MaxOutputTokens = 7 }, TargetRules.None, 32000).Body.GetProperty("max_tokens").GetInt64());
    }

    [Fact]
    public void A_hint_to_cache_a_message_stands_on_its_last_block()
    {
        var (body, _) = AnthropicBodies.Write(AnthropicBodies.Foreign(
            AnthropicBodies.Said(Role.User, "a") with { CacheControl = new CacheControl(OneHour: true) }, AnthropicBodies.Said(Role.User, "b")));
        AnthropicBodies.AssertJson(
            """[{"type":"text","text":"a","cache_control":{"type":"ephemeral","ttl":"1h"}},{"type":"text","text":"b"}]""", body.GetProperty("messages")[0].GetProperty("content"));
    }

    /// <summary>What no recording has, or only the version 2026-10-21.</summary>
    [Theory]
    [InlineData("""{"thinking":{"type":"between_tools"},"output_config":{"effort":"max"} }""")]
    [InlineData("""{"thinking":{"type":"adaptive","display":"drawn"} }""")]
    [InlineData("""{"thinking":{"type":"enabled","budget_tokens":9,"display":"summarized"},"speed":"fast"}""")]
    [InlineData("""{"metadata":{"user_id":"u","other":1},"cache_control":{"type":"ephemeral","ttl":"30m"} }""")]
    [InlineData("""{"output_format":{"type":"json_schema","schema":{"type":"object"} } }""")]
    [InlineData("""{"tool_choice":{"type":"new_choice","x":1},"tools":[{"type":"memory_20250818","name":"memory"}]}""")]
    [InlineData("""{"tool_choice":{"type":"tool","name":"a","disable_parallel_tool_use":true},"tools":[{"name":"a","input_schema":{"type":"object"},"eager_input_streaming":true,"input_examples":[{"a":1}]}]}""")]
    [InlineData("""{"messages":[{"role":"user","content":"a"},{"role":"system","content":[{"type":"text","text":"s"}]},{"role":"user","content":[]}]}""")]
    [InlineData("""{"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"click","input":{},"toolset_name":"browser","caller":{"type":"direct"} }]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"tool_reference","tool_name":"x"}],"toolset_name":"browser"}]}]}""")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"file","file_id":"f"},"transformations":{"a":1} },{"type":"document","source":{"type":"content","content":[{"type":"text","text":"x"}]} }]}]}""")]
    public void Keeps_what_its_own_callers_say(string members)
    {
        var rest = members.Contains("\"messages\"", StringComparison.Ordinal) ? "" : "\"messages\":[],";
        var body = $$"""{"model":"claude-target","max_tokens":5,{{rest}}{{members[1..]}}""";
        var (written, dropped) = AnthropicBodies.Write(AnthropicBodies.Read(body));
        AnthropicBodies.AssertJson(body, written);
        Assert.Empty(dropped);
    }
}
