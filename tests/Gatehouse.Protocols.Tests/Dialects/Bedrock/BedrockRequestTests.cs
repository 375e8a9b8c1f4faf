using System.Text;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Bedrock;
using Gatehouse.Protocols.Tests.Recorded;

namespace Gatehouse.Protocols.Tests.Dialects.Bedrock;

/// <summary>Requests of other dialects, as Bedrock is told them.</summary>
public sealed class BedrockRequestTests
{
    private const string Claude = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
    private const string Nova2 = "us.amazon.nova-2-lite-v1:0";
    private const string Llama = "meta.llama3-3-70b-instruct-v1:0";

    private static readonly ChatRequest Hello = new() { Dialect = Dialect.OpenAiChat, Messages = [User(new TextPart("Hello"))] };

    private static readonly FunctionTool Weather = new("weather") { Parameters = JsonElement.Parse("""{"type":"object"}""") };

    private static readonly ChatRequest ToolLoop = Hello with
    {
        Messages =
        [
            User(new TextPart("Weather?")),
            Assistant(new ToolCallPart("call_1", "weather", """{"city":"Paris"}""")),
            User(new ToolResultPart("call_1") { Content = [new TextPart("sunny")] }),
        ],
    };

    [Fact]
    public void System_turns_stand_first_and_later_ones_in_the_users_words()
    {
        var request = Hello with
        {
            Messages =
            [
                new ChatMessage(Role.System, [new TextPart("Be brief.")]), new ChatMessage(Role.Developer, [new TextPart("Be kind.")]),
                User(new TextPart("Hi")), Assistant(new TextPart("Hello.")), new ChatMessage(Role.System, [new TextPart("Be loud.")]), User(new TextPart("Bye")),
            ],
        };

        AssertWritten(request, Claude, """
            {"system":[{"text":"Be brief."},{"text":"Be kind."}],
             "messages":[{"role":"user","content":[{"text":"Hi"}]},{"role":"assistant","content":[{"text":"Hello."}]},
                         {"role":"user","content":[{"text":"<system>\nBe loud.\n</system>"},{"text":"Bye"}]}]}
            """);
    }

    [Fact]
    public void Results_of_tools_are_one_turn_and_come_first()
    {
        var request = Hello with
        {
            Messages =
            [
                User(new TextPart("Go")),
                Assistant(new TextPart("  "), new ToolCallPart("a", "weather", ""), new ToolCallPart("b.c/d", "weather", "not json")),
                User(new TextPart("Here:"), new ToolResultPart("a") { Content = [new TextPart("1"), new TextPart("")], IsError = true }),
                User(new ToolResultPart("b.c/d") { IsError = false }),
            ],
            Tools = [Weather],
        };

        AssertWritten(request, Claude, """
            {"messages":[{"role":"user","content":[{"text":"Go"}]},
              {"role":"assistant","content":[{"toolUse":{"toolUseId":"a","name":"weather","input":{}}},{"toolUse":{"toolUseId":"FITTED","name":"weather","input":{"text":"not json"}}}]},
              {"role":"user","content":[{"toolResult":{"toolUseId":"a","content":[{"text":"1"}],"status":"error"}},
                {"toolResult":{"toolUseId":"FITTED","content":[]}},{"text":"Here:"}]}],
             "toolConfig":{"tools":[{"toolSpec":{"name":"weather","inputSchema":{"json":{"type":"object"}}}}]}}
            """.Replace("FITTED", ToolCallId.Fit("b.c/d", 64), StringComparison.Ordinal));
        AssertWritten(
            request with { Messages = [User(new ToolResultPart("a") { Content = [new TextPart("1")], IsError = true })] }, Llama, """
            {"messages":[{"role":"user","content":[{"toolResult":{"toolUseId":"a","content":[{"text":"1"}]}}]}],
             "toolConfig":{"tools":[{"toolSpec":{"name":"weather","inputSchema":{"json":{"type":"object"}}}}]}}
            """, dropped: ["is_error"]);
    }

    [Fact]
    public void Nova_is_not_given_results_and_text_in_one_turn()
    {
        var request = ToolLoop with { Messages = [.. ToolLoop.Messages, User(new TextPart("And?"))], Tools = [Weather] };

        var messages = Write(request, Nova2, out _, new TargetRules { Traits = ["no_mixed_tool_results"] }).GetProperty("messages");

        Assert.Equal("user assistant user assistant user", string.Join(' ', messages.EnumerateArray().Select(m => m.GetProperty("role").GetString())));
        Assert.Equal("""[{"text":"And?"}]""", messages[4].GetProperty("content").GetRawText());
        Assert.Equal(3, Write(request, Nova2, out _).GetProperty("messages").GetArrayLength());
    }

    [Fact]
    public void White_space_at_the_end_of_a_begun_answer_is_cut_for_claude()
    {
        var request = Hello with { Messages = [.. Hello.Messages, Assistant(new TextPart("Dear \n"))] };

        Assert.Equal("Dear", Write(request, Claude, out _).GetProperty("messages")[1].GetProperty("content")[0].GetProperty("text").GetString());
        Assert.Equal("Dear \n", Write(request, Llama, out _).GetProperty("messages")[1].GetProperty("content")[0].GetProperty("text").GetString());
    }

    [Theory]
    [InlineData("auto", Claude, null, null)]
    [InlineData("any", Claude, """{"any":{}}""", null)]
    [InlineData("one", Llama, """{"tool":{"name":"weather"}}""", null)]
    [InlineData("one of two", Claude, """{"any":{}}""", null)]
    [InlineData("one at a time", Claude, null, """{"tool_choice":{"type":"auto","disable_parallel_tool_use":true}}""")]
    [InlineData("one at a time", Llama, null, null, "parallel_tool_calls")]
    [InlineData("any, one at a time", Claude, """{"any":{}}""", null, "parallel_tool_calls")]
    public void The_choice_of_tools_is_told(string choice, string model, string? expected, string? fields, params string[] dropped)
    {
        var request = Hello with
        {
            Tools = [Weather, new FunctionTool("time"), new FunctionTool("place")],
            ParallelToolCalls = choice.EndsWith("one at a time", StringComparison.Ordinal) ? false : null,
            ToolChoice = choice switch
            {
                "auto" => new ToolChoice(ToolChoiceMode.Auto),
                "one" => new ToolChoice(ToolChoiceMode.Required) { Names = ["weather"] },
                "one of two" => new ToolChoice(ToolChoiceMode.Required) { Names = ["weather", "time"] },
                "any" or "any, one at a time" => new ToolChoice(ToolChoiceMode.Required),
                _ => null,
            },
        };

        var written = Write(request, model, out var names);

        var config = written.GetProperty("toolConfig");
        Assert.Equal(choice == "one of two" ? 2 : 3, config.GetProperty("tools").GetArrayLength());
        Assert.Equal(expected, config.TryGetProperty("toolChoice", out var told) ? told.GetRawText() : null);
        Assert.Equal(fields, written.TryGetProperty("additionalModelRequestFields", out var own) ? own.GetRawText() : null);
        Assert.Equal(dropped, names);
    }

    [Fact]
    public void No_tool_is_no_tools_where_none_was_called_before()
    {
        var none = new ToolChoice(ToolChoiceMode.None);

        Assert.False(Write(Hello with { Tools = [Weather], ToolChoice = none }, Llama, out var dropped).TryGetProperty("toolConfig", out _));
        Assert.Empty(dropped);

        var claude = Write(ToolLoop with { Tools = [Weather], ToolChoice = none }, Claude, out dropped);
        Assert.Equal("""{"tool_choice":{"type":"none"}}""", claude.GetProperty("additionalModelRequestFields").GetRawText());
        Assert.False(claude.GetProperty("toolConfig").TryGetProperty("toolChoice", out _));
        Assert.Empty(dropped);

        Assert.Equal(1, Write(ToolLoop with { Tools = [Weather], ToolChoice = none }, Llama, out dropped).GetProperty("toolConfig").GetProperty("tools").GetArrayLength());
        Assert.Equal(["tool_choice"], dropped);
    }

    [Fact]
    public void Tools_that_were_called_are_named_where_the_request_does_not()
    {
        var expected = """{"tools":[{"toolSpec":{"name":"weather","inputSchema":{"json":{"type":"object","properties":{}}}}}]}""";

        Assert.Equal(expected, Write(ToolLoop, Claude, out _).GetProperty("toolConfig").GetRawText());
    }

    [Fact]
    public void What_has_no_form_is_refused_with_its_place()
    {
        AssertRefused("tools[0] (a tool named 'my.tool': Bedrock takes 1 to 64 letters, digits, '_' and '-')", Hello with { Tools = [new FunctionTool("my.tool")] });
        AssertRefused("tools[1] (custom tool 'grep')", Hello with { Tools = [Weather, new CustomTool("grep", null)] });
        AssertRefused("tools[0] (web_search)", Hello with { Tools = [new OpaqueTool(Dialect.Anthropic, "web_search", default)] });
        AssertRefused("n", Hello with { Candidates = 2 });
        AssertRefused("modalities (audio)", Hello with { Modalities = ["text", "audio"] });
        AssertRefused("previous_response_id", Hello with { PreviousResponseId = "resp_1" });
        AssertRefused(
            "messages[0].content[1] (an image from a URL: Bedrock takes the bytes, or an s3:// location)",
            With(new TextPart("x"), new ImagePart(new MediaSource { Url = "https://example.com/a.png" })));
        AssertRefused(
            "messages[0].content[0] (an image of type 'image/tiff': Bedrock takes png, jpeg, gif and webp)",
            With(new ImagePart(new MediaSource { MediaType = "image/tiff", Base64 = Ascii("AAAA") })));
        AssertRefused("messages[0].content[0] (a document by the id of an uploaded file)", With(new FilePart(new MediaSource { FileId = "file-1" })));
        AssertRefused("messages[0].content[0] (container_upload)", With(new OpaquePart(Dialect.Anthropic, "container_upload", default)));
        AssertRefused(
            "messages[0].content[0].content[1] (an image from a URL: Bedrock takes the bytes, or an s3:// location)",
            With(new ToolResultPart("a") { Content = [new TextPart("x"), new ImagePart(new MediaSource { Url = "http://x" })] }));
        AssertRefused("mcp_servers", Hello with { Extensions = new Extensions(Dialect.Anthropic, [new Extension("mcp_servers", default, ChangesMeaning: true)]) });
    }

    [Fact]
    public void Media_have_formats_and_documents_names_of_their_own()
    {
        var pdf = new MediaSource { MediaType = "application/pdf", Base64 = Ascii("JVBE") };
        var request = With(
            new ImagePart(new MediaSource { Base64 = Ascii("/9j/AAAA") }),
            new ImagePart(new MediaSource { MediaType = "image/webp", Url = "s3://bucket/a.webp" }),
            new AudioPart(new MediaSource { MediaType = "audio/mpeg", Base64 = Ascii("AAAA") }),
            new FilePart(new MediaSource { MediaType = "video/3gpp", Base64 = Ascii("AAAA") }),
            new FilePart(pdf) { FileName = "Q3  report_final (v2).pdf", Citations = true },
            new FilePart(pdf) { FileName = "Q3 report-final (v2).pdf" },
            new FilePart(pdf),
            new FilePart(new MediaSource { Text = "hello" }) { Title = "notes.md", Context = "old" },
            new FilePart(new MediaSource { MediaType = "text/plain" }) { Content = [new TextPart("a"), new TextPart("b")] });

        AssertWritten(request, Claude, """
            {"messages":[{"role":"user","content":[
              {"image":{"format":"jpeg","source":{"bytes":"/9j/AAAA"}}},
              {"image":{"format":"webp","source":{"s3Location":{"uri":"s3://bucket/a.webp"}}}},
              {"audio":{"format":"mp3","source":{"bytes":"AAAA"}}},
              {"video":{"format":"three_gp","source":{"bytes":"AAAA"}}},
              {"document":{"format":"pdf","name":"Q3 report-final (v2)","source":{"bytes":"JVBE"},"citations":{"enabled":true}}},
              {"document":{"format":"pdf","name":"Q3 report-final (v2) (2)","source":{"bytes":"JVBE"}}},
              {"document":{"format":"pdf","name":"Document","source":{"bytes":"JVBE"}}},
              {"document":{"format":"txt","name":"notes","source":{"text":"hello"},"context":"old"}},
              {"document":{"format":"txt","name":"Document (2)","source":{"content":[{"text":"a"},{"text":"b"}]}}}]}]}
            """);
    }

    [Fact]
    public void Cache_points_stand_behind_what_is_cached()
    {
        var fiveMinutes = new CacheControl(OneHour: false, HasTimeToLive: true);
        var hour = new CacheControl(OneHour: true, HasTimeToLive: true);
        var request = new ChatRequest
        {
            Dialect = Dialect.Anthropic,
            Messages =
            [
                new ChatMessage(Role.System, [new TextPart("S") { CacheControl = hour }]),
                User(new ToolResultPart("a") { Content = [new TextPart("x") { CacheControl = fiveMinutes }] }, new TextPart("end")),
            ],
            Tools = [Weather with { CacheControl = fiveMinutes }],
            CacheControl = fiveMinutes,
        };

        AssertWritten(request, Claude, """
            {"system":[{"text":"S"},{"cachePoint":{"type":"default","ttl":"1h"}}],
             "messages":[{"role":"user","content":[{"toolResult":{"toolUseId":"a","content":[{"text":"x"}]}},{"cachePoint":{"type":"default"}},{"text":"end"},{"cachePoint":{"type":"default"}}]}],
             "toolConfig":{"tools":[{"toolSpec":{"name":"weather","inputSchema":{"json":{"type":"object"}}}},{"cachePoint":{"type":"default"}}]}}
            """);
        Assert.DoesNotContain("cachePoint", Write(request, Llama, out var dropped).GetRawText(), StringComparison.Ordinal);
        Assert.Equal(["cache_control"], dropped);
        Assert.Equal("""[{"text":"S"},{"cachePoint":{"type":"default"}}]""", Write(request, Nova2, out dropped).GetProperty("system").GetRawText());
        Assert.Equal(["cache_control.ttl", "cache_control"], dropped);
    }

    [Theory]
    [InlineData(Claude, "high", null, null, """{"thinking":{"type":"enabled","budget_tokens":16384}}""")]
    [InlineData(Claude, "high", 4000L, null, """{"thinking":{"type":"enabled","budget_tokens":2000}}""")]
    [InlineData(Claude, "high", 1000L, null, null, "reasoning_effort")]
    [InlineData(Claude, "none", null, null, null)]
    [InlineData(Claude, "minimal", null, "thinking_adaptive", """{"thinking":{"type":"adaptive"},"output_config":{"effort":"low"}}""")]
    [InlineData(Claude, "none", null, "thinking_adaptive", """{"thinking":{"type":"disabled"}}""")]
    [InlineData(Nova2, "max", null, null, """{"reasoningConfig":{"type":"enabled","maxReasoningEffort":"high"}}""")]
    [InlineData(Nova2, "none", null, null, """{"reasoningConfig":{"type":"disabled"}}""")]
    [InlineData("amazon.nova-lite-v1:0", "low", null, null, null, "reasoning_effort")]
    [InlineData("openai.gpt-oss-120b-1:0", "minimal", null, null, """{"reasoning_effort":"low"}""")]
    [InlineData("qwen.qwen3-32b-v1:0", "high", null, null, """{"reasoning_config":"high"}""")]
    [InlineData("us.deepseek.r1-v1:0", "high", null, null, null, "reasoning_effort")]
    [InlineData("arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc", "low", null, "claude", """{"thinking":{"type":"enabled","budget_tokens":2048}}""")]
    public void Every_family_is_told_to_think_in_its_own_words(
        string model, string effort, long? maxTokens, string? trait, string? fields, params string[] dropped)
    {
        var request = Hello with { Reasoning = new ReasoningOptions { Effort = effort }, MaxOutputTokens = maxTokens };

        var written = Write(request, model, out var names, new TargetRules { Traits = trait is null ? [] : [trait] });

        Assert.Equal(fields, written.TryGetProperty("additionalModelRequestFields", out var own) ? own.GetRawText() : null);
        Assert.Equal(dropped, names);
    }

    [Theory]
    [InlineData(Claude, """{"top_k":5}""")]
    [InlineData(Nova2, """{"inferenceConfig":{"topK":5}}""")]
    [InlineData(Llama, null, "top_k")]
    public void Sampling_is_told_where_it_is_known(string model, string? fields, params string[] dropped)
    {
        var request = Hello with { TopK = 5, Temperature = 1.5, TopP = 0.5, MaxOutputTokens = 7, StopSequences = ["a", " "], Seed = 1, User = "u" };

        var written = Write(request, model, out var names);

        Assert.Equal("""{"maxTokens":7,"temperature":1,"topP":0.5,"stopSequences":["a"]}""", written.GetProperty("inferenceConfig").GetRawText());
        Assert.Equal(fields, written.TryGetProperty("additionalModelRequestFields", out var own) ? own.GetRawText() : null);
        Assert.Equal(["seed", "user", .. dropped, "temperature", "stop"], names);
    }

    [Fact]
    public void Claude_thinks_at_its_own_temperature()
    {
        var request = Hello with { Reasoning = new ReasoningOptions { BudgetTokens = 1024 }, Temperature = 0.2, TopK = 3, TopP = 0.9 };

        var written = Write(request, Claude, out var dropped);

        Assert.False(written.TryGetProperty("inferenceConfig", out _));
        Assert.Equal(["top_k", "temperature", "top_p"], dropped);
        _ = Write(ToolLoop with { Reasoning = request.Reasoning }, Claude, out dropped);
        Assert.Equal(["reasoning_effort"], dropped);
    }

    [Fact]
    public void Thoughts_go_back_to_claude_alone_and_only_signed()
    {
        var signed = new ReasoningPart { Text = "Hm", Signature = new Signature(Dialect.Anthropic, "sig") };
        var redacted = new ReasoningPart { IsRedacted = true, Signature = new Signature(Dialect.Anthropic, "EuQF") };
        var request = Hello with
        {
            Messages =
            [
                .. Hello.Messages,
                Assistant(signed, redacted, new ReasoningPart { Text = "unsigned" }, new ReasoningPart { Text = "x", Signature = new Signature(Dialect.Gemini, "g") }, new TextPart("A")),
                .. Hello.Messages,
            ],
        };

        var written = Write(request, Claude, out var dropped).GetProperty("messages")[1].GetProperty("content").GetRawText();
        Assert.Equal("""[{"reasoningContent":{"reasoningText":{"text":"Hm","signature":"sig"}}},{"reasoningContent":{"redactedContent":"RXVRRg=="}},{"text":"A"}]""", written);
        Assert.Equal(["reasoning"], dropped);
        Assert.Equal("""[{"text":"A"}]""", Write(request, Llama, out _).GetProperty("messages")[1].GetProperty("content").GetRawText());
    }

    [Fact]
    public void A_schema_is_told_or_made_a_tool()
    {
        var format = new ResponseFormat(ResponseFormatKind.JsonSchema) { Name = "city", Schema = JsonElement.Parse("""{"type":"object"}""") };
        var request = Hello with { ResponseFormat = format };

        Assert.Equal(
            """{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{"schema":"{\"type\":\"object\"}","name":"city"}}}}""",
            Write(request, Claude, out _).GetProperty("outputConfig").GetRawText());
        var rules = new TargetRules { Traits = [BedrockAnswerTool.Trait] };
        var byTool = Write(request, Llama, out _, rules);
        Assert.False(byTool.TryGetProperty("outputConfig", out _));
        Assert.Equal("""{"tool":{"name":"gatehouse_json_answer"}}""", byTool.GetProperty("toolConfig").GetProperty("toolChoice").GetRawText());
        var besides = Write(request with { Tools = [Weather] }, Llama, out _, rules).GetProperty("toolConfig");
        Assert.Equal(2, besides.GetProperty("tools").GetArrayLength());
        Assert.Equal("""{"any":{}}""", besides.GetProperty("toolChoice").GetRawText());
        var some = Write(Hello with { ResponseFormat = new ResponseFormat(ResponseFormatKind.JsonObject) }, Claude, out var dropped);
        Assert.Equal("Answer with one JSON object and nothing else.", some.GetProperty("system").EnumerateArray().Last().GetProperty("text").GetString());
        Assert.Empty(dropped);
    }

    [Theory]
    [InlineData("""{"team":"a b","x":""}""", null)]
    [InlineData("""{"team":"ümlaut"}""", "metadata")]
    [InlineData("""{"team":1}""", "metadata")]
    [InlineData("""{"":"a"}""", "metadata")]
    public void Metadata_goes_along_if_it_fits(string metadata, string? dropped)
    {
        var written = Write(Hello with { Metadata = JsonElement.Parse(metadata) }, Claude, out var names);

        Assert.Equal(dropped is null ? metadata : null, written.TryGetProperty("requestMetadata", out var told) ? told.GetRawText() : null);
        Assert.Equal(dropped is null ? [] : [dropped], names);
    }

    [Theory]
    [InlineData("auto", null)]
    [InlineData("priority", "priority")]
    [InlineData("scale", null, "service_tier")]
    public void A_tier_is_told_if_there_is_one(string tier, string? expected, params string[] dropped)
    {
        var written = Write(Hello with { ServiceTier = tier }, Claude, out var names);

        Assert.Equal(expected, written.TryGetProperty("serviceTier", out var told) ? told.GetProperty("type").GetString() : null);
        Assert.Equal(dropped, names);
    }

    [Fact]
    public void What_the_target_refuses_is_not_told()
    {
        var request = Hello with { Temperature = 0.5, Tools = [Weather with { Strict = true }] };

        var written = Write(request, Claude, out var dropped, new TargetRules { Drop = ["temperature", "strict"] });

        Assert.False(written.TryGetProperty("inferenceConfig", out _));
        Assert.DoesNotContain("strict", written.GetRawText(), StringComparison.Ordinal);
        Assert.Equal(["temperature", "strict"], dropped);
        Assert.Contains("\"strict\":true", Write(request, Claude, out _).GetRawText(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""[]""", null)]
    [InlineData("""{"messages":1}""", "messages")]
    [InlineData("""{"messages":[{"role":"tool","content":[]}]}""", "messages[0].role")]
    [InlineData("""{"messages":[{"role":"user","content":"hi"}]}""", "messages[0].content")]
    [InlineData("""{"messages":[{"role":"user","content":["hi"]}]}""", "messages[0].content[0]")]
    [InlineData("""{"messages":[{"role":"user","content":[{"text":1}]}]}""", "messages[0].content[0].text")]
    [InlineData("""{"messages":[{"role":"user","content":[{"toolUse":{"name":"a"}}]}]}""", "messages[0].content[0].toolUse.toolUseId")]
    [InlineData("""{"toolConfig":{"tools":[{"toolSpec":{}}]}}""", "toolConfig.tools[0].toolSpec.name")]
    [InlineData("""{"messages":[{"role":"user","content":[{"text":"\ud800"}]}]}""", null)]
    public void What_has_no_meaning_is_told_with_its_place(string body, string? field)
    {
        var exception = Assert.Throws<MalformedException>(() => BedrockCodec.Instance.ReadRequest(JsonElement.Parse(body)));
        Assert.Equal(field, exception.Field);
    }

    /// <summary>200,000 turns of the user, each with a hint: what grows with their square takes minutes.</summary>
    [Fact]
    public void A_long_conversation_of_one_speaker_takes_time_by_its_length()
    {
        var hint = new Extensions(Dialect.OpenAiChat, [new Extension("hint", default)]);
        var request = Hello with { Messages = [.. Enumerable.Repeat(User(new TextPart("x")) with { Extensions = hint }, 200_000)] };

        var start = TimeProvider.System.GetTimestamp();
        var content = Write(request, Claude, out var dropped).GetProperty("messages")[0].GetProperty("content");

        Assert.Equal(200_000, content.GetArrayLength());
        Assert.Equal(200_000, dropped.Count);
        Assert.InRange(TimeProvider.System.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromSeconds(20));
    }

    [Fact]
    public void A_guardrail_is_not_lost_on_another_dialect()
    {
        var request = BedrockCodec.Instance.ReadRequest(JsonElement.Parse("""{"messages":[],"guardrailConfig":{"guardrailIdentifier":"x"}}"""));

        Assert.Throws<UnsupportedException>(() => new DroppedParameters().Add(request.Extensions, Dialect.OpenAiChat));
    }

    [Fact]
    public void What_models_are_told_is_read_for_other_dialects()
    {
        var request = BedrockCodec.Instance.ReadRequest(JsonElement.Parse("""
            {"messages":[],"additionalModelRequestFields":{"top_k":7,"thinking":{"type":"enabled","budget_tokens":2000},"output_config":{"effort":"low"}}}
            """));

        Assert.Equal(7, request.TopK);
        Assert.Equal(new ReasoningOptions { Mode = ReasoningMode.Enabled, BudgetTokens = 2000, Effort = "low" }, request.Reasoning);
    }

    private static ChatMessage User(params Part[] parts) => new(Role.User, parts);

    private static ChatMessage Assistant(params Part[] parts) => new(Role.Assistant, parts);

    private static ChatRequest With(params Part[] parts) => Hello with { Messages = [User(parts)] };

    private static byte[] Ascii(string text) => Encoding.ASCII.GetBytes(text);

    private static JsonElement Write(ChatRequest request, string model, out IReadOnlyList<string> dropped, TargetRules? rules = null)
    {
        var names = new DroppedParameters();
        var context = new RequestContext(model, rules ?? TargetRules.None, names);
        var written = RoundTrip.Write(w => BedrockCodec.Instance.WriteRequest(request, context, w));
        dropped = names.Names;
        return written;
    }

    private static void AssertWritten(ChatRequest request, string model, string expected, params string[] dropped)
    {
        Assert.Empty(JsonDifference.Between(JsonElement.Parse(expected), Write(request, model, out var names)));
        Assert.Equal(dropped, names);
    }

    private static void AssertRefused(string feature, ChatRequest request) =>
        Assert.Equal(feature, Assert.Throws<UnsupportedException>(() => Write(request, Claude, out _)).Message);
}
