using System.Buffers;
using System.Text;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.PromptCache;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Tests.Dialects.PromptCache;

/// <summary>Where breakpoints are put, to the byte. <c>‹1›</c> stands for one on an object, <c>‹2›</c> for Bedrock's block.</summary>
public sealed class PromptCacheMarksTests
{
    private const string Mark = ",\"cache_control\":{\"type\":\"ephemeral\"}";
    private const string Block = ",{\"cachePoint\":{\"type\":\"default\"}}";

    [Theory]
    // texts that are strings
    [InlineData("""{"messages":[{"role":"user","content":"hi"}]}""", """{"messages":[{"role":"user","content":[{"type":"text","text":"hi"‹1›}]}]}""")]
    [InlineData("""{"system":"s" , "messages":[]}""", """{"system":[{"type":"text","text":"s"‹1›}] , "messages":[]}""")]
    [InlineData("""{"system":"\u00e9\"\n\ud800","messages":[]}""", """{"system":[{"type":"text","text":"\u00e9\"\n\ud800"‹1›}],"messages":[]}""")]
    // the last block, and the last before a thing that cannot be marked
    [InlineData("""{"system":[{"type":"text","text":"a"},{"type":"text","text":"b" }]}""", """{"system":[{"type":"text","text":"a"},{"type":"text","text":"b" ‹1›}]}""")]
    [InlineData("""{"system":[{"type":"text","text":"a"},{"type":"text","text":""},{"type":"text","text":" \n"}]}""", """{"system":[{"type":"text","text":"a"‹1›},{"type":"text","text":""},{"type":"text","text":" \n"}]}""")]
    [InlineData("""{"system":""}""", """{"system":""}""")]
    [InlineData("""{"system":" \t\u00a0\u3000"}""", """{"system":" \t\u00a0\u3000"}""")]
    [InlineData("""{"system":[]}""", """{"system":[]}""")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"r"}]}]}]}""", """{"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"r"}]‹1›}]}]}""")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"image","source":{}},{"type":"never_heard_of","text":"x"}]}]}""", """{"messages":[{"role":"user","content":[{"type":"image","source":{}‹1›},{"type":"never_heard_of","text":"x"}]}]}""")]
    // the last two turns of the user, whatever stands between; never the model's
    [InlineData("""{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"},{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"s"},{"type":"text","text":"d"}]},{"content":"e","role":"user"},{"role":"assistant","content":"{"}]}""", """{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":[{"type":"text","text":"c"‹1›}]},{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"s"},{"type":"text","text":"d"}]},{"content":[{"type":"text","text":"e"‹1›}],"role":"user"},{"role":"assistant","content":"{"}]}""")]
    [InlineData("""{"messages":[{"role":"user","content":"a"},{"role":"system","content":"s"},{"role":"user","content":[]}]}""", """{"messages":[{"role":"user","content":[{"type":"text","text":"a"‹1›}]},{"role":"system","content":"s"},{"role":"user","content":[]}]}""")]
    // tools
    [InlineData("""{"tools":[{"name":"a","input_schema":{}},{"name":"b","input_schema":{}}]}""", """{"tools":[{"name":"a","input_schema":{}},{"name":"b","input_schema":{}‹1›}]}""")]
    [InlineData("""{"tools":[{"name":"a"},{"name":"b","defer_loading":true},{"type":"mcp_toolset","mcp_server_name":"m"},{}]}""", """{"tools":[{"name":"a"‹1›},{"name":"b","defer_loading":true},{"type":"mcp_toolset","mcp_server_name":"m"},{}]}""")]
    [InlineData("""{"tools":[{"name":"a","defer_loading":false}]}""", """{"tools":[{"name":"a","defer_loading":false‹1›}]}""")]
    // all four
    [InlineData("""{"tools":[{"name":"a"}],"system":"s","messages":[{"role":"user","content":"a"},{"role":"user","content":"b"}]}""", """{"tools":[{"name":"a"‹1›}],"system":[{"type":"text","text":"s"‹1›}],"messages":[{"role":"user","content":[{"type":"text","text":"a"‹1›}]},{"role":"user","content":[{"type":"text","text":"b"‹1›}]}]}""")]
    // null says nothing, and is there already
    [InlineData("""{"tools":[{"cache_control" : null ,"name":"a"}]}""", """{"tools":[{"cache_control" : {"type":"ephemeral"} ,"name":"a"}]}""")]
    [InlineData("""{"cache_control":null,"system":"s"}""", """{"cache_control":null,"system":[{"type":"text","text":"s"‹1›}]}""")]
    // the last of a name counts
    [InlineData("""{"system":"a","system":"b","messages":[{"role":"user","content":"x","content":[{"type":"text","text":"y"}]}],"tools":[{"name":"a"}],"tools":null}""", """{"system":"a","system":[{"type":"text","text":"b"‹1›}],"messages":[{"role":"user","content":"x","content":[{"type":"text","text":"y"‹1›}]}],"tools":[{"name":"a"}],"tools":null}""")]
    [InlineData("""{"s\u0079stem":"s"}""", """{"s\u0079stem":[{"type":"text","text":"s"‹1›}]}""")]
    // words in a schema, in arguments and in data are not breakpoints
    [InlineData("""{"tools":[{"name":"a","input_schema":{"properties":{"cache_control":{"type":"string"},"defer_loading":true}}}],"metadata":{"cache_control":{}}}""", """{"tools":[{"name":"a","input_schema":{"properties":{"cache_control":{"type":"string"},"defer_loading":true}}‹1›}],"metadata":{"cache_control":{}}}""")]
    [InlineData("""{"messages":[{"role":"assistant","content":[{"type":"tool_use","input":{"cache_control":{}}}]},{"role":"user","content":"a"}]}""", """{"messages":[{"role":"assistant","content":[{"type":"tool_use","input":{"cache_control":{}}}]},{"role":"user","content":[{"type":"text","text":"a"‹1›}]}]}""")]
    // what is not of the dialect
    [InlineData("""{"tools":{"a":1},"system":5,"messages":{"role":"user"}}""", """{"tools":{"a":1},"system":5,"messages":{"role":"user"}}""")]
    [InlineData("""{"tools":[1,[{}],null],"system":[[],"s"],"messages":["a",[],{"role":{"x":"user"},"content":"b"},{"role":"user","content":{"type":"text"}},{"role":"user"}]}""", """{"tools":[1,[{}],null],"system":[[],"s"],"messages":["a",[],{"role":{"x":"user"},"content":"b"},{"role":"user","content":{"type":"text"}},{"role":"user"}]}""")]
    [InlineData("[1]", "[1]")]
    [InlineData("{}", "{}")]
    public void Anthropic(string body, string expected) => Assert.Equal(expected.Replace("‹1›", Mark, StringComparison.Ordinal), Apply(Everything(Dialect.Anthropic), body));

    [Theory]
    [InlineData("""{"cache_control":{"type":"ephemeral"},"system":"s"}""")]
    [InlineData("""{"system":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}},{"type":"text","text":"b"}]}""")]
    [InlineData("""{"system":"s","tools":[{"name":"a","cache_control":{"type":"ephemeral","ttl":"1h"}},{"name":"b"}]}""")]
    [InlineData("""{"system":"s","tools":[{"name":"a","cach\u0065_control":{}}]}""")]
    [InlineData("""{"system":"s","messages":[{"role":"assistant","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}]}]}""")]
    [InlineData("""{"system":"s","messages":[{"role":"user","content":[{"type":"tool_result","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}]}]}]}""")]
    [InlineData("""{"system":"s","messages":[{"role":"user","content":[{"type":"document","source":{"type":"content","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}]}}]}]}""")]
    [InlineData("""{"system":"s","messages":[{"role":"user","content":[{"type":"never_heard_of","cache_control":"x"}]}]}""")]
    public void A_request_with_a_breakpoint_of_its_own_is_left_alone(string body) => Assert.Equal(body, Apply(Everything(Dialect.Anthropic), body));

    [Theory]
    [InlineData("""{"toolConfig":{"tools":[{"toolSpec":{"name":"a"}},{"toolSpec":{"name":"b"}}],"toolChoice":{"auto":{}}},"system":[{"text":"s"}],"messages":[{"role":"user","content":[{"text":"a"}]}]}""", """{"toolConfig":{"tools":[{"toolSpec":{"name":"a"}},{"toolSpec":{"name":"b"}}‹2›],"toolChoice":{"auto":{}}},"system":[{"text":"s"}‹2›],"messages":[{"role":"user","content":[{"text":"a"}‹2›]}]}""")]
    [InlineData("""{"messages":[{"role":"user","content":[{"text":"a"},{"document":{"name":"d"}},{"text":" "}]}]}""", """{"messages":[{"role":"user","content":[{"text":"a"}‹2›,{"document":{"name":"d"}},{"text":" "}]}]}""")]
    [InlineData("""{"messages":[{"role":"user","content":[{"text":"a"}]},{"role":"assistant","content":[{"reasoningContent":{}},{"toolUse":{}}]},{"role":"user","content":[{"toolResult":{"content":[{"text":"r"}]}}]}]}""", """{"messages":[{"role":"user","content":[{"text":"a"}‹2›]},{"role":"assistant","content":[{"reasoningContent":{}},{"toolUse":{}}]},{"role":"user","content":[{"toolResult":{"content":[{"text":"r"}]}}‹2›]}]}""")]
    // not this dialect's
    [InlineData("""{"tools":[{"name":"a"}],"system":"s","messages":[{"role":"user","content":"a"}]}""", """{"tools":[{"name":"a"}],"system":"s","messages":[{"role":"user","content":"a"}]}""")]
    // left alone
    [InlineData("""{"system":[{"text":"s"}],"messages":[{"role":"user","content":[{"text":"a"},{"cachePoint":{"type":"default"}},{"text":"b"}]}]}""", """{"system":[{"text":"s"}],"messages":[{"role":"user","content":[{"text":"a"},{"cachePoint":{"type":"default"}},{"text":"b"}]}]}""")]
    [InlineData("""{"toolConfig":{"tools":[{"cachePoint":{}}]},"system":[{"text":"s"}]}""", """{"toolConfig":{"tools":[{"cachePoint":{}}]},"system":[{"text":"s"}]}""")]
    public void Bedrock(string body, string expected) => Assert.Equal(expected.Replace("‹2›", Block, StringComparison.Ordinal), Apply(Everything(Dialect.Bedrock), body));

    [Theory]
    [InlineData("""{"messages":[{"role":"system","content":"s"},{"role":"user","content":"a"},{"role":"assistant","content":null,"tool_calls":[]},{"role":"tool","tool_call_id":"t","content":"r"}]}""", """{"messages":[{"role":"system","content":[{"type":"text","text":"s"‹1›}]},{"role":"user","content":[{"type":"text","text":"a"‹1›}]},{"role":"assistant","content":null,"tool_calls":[]},{"role":"tool","tool_call_id":"t","content":[{"type":"text","text":"r"‹1›}]}]}""")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"u"}}]},{"role":"developer","content":"later"}],"tools":[{"type":"function","function":{"name":"f"}},{"type":"openrouter:web_search"}]}""", """{"messages":[{"role":"user","content":[{"type":"text","text":"a"‹1›},{"type":"image_url","image_url":{"url":"u"}}]},{"role":"developer","content":"later"}],"tools":[{"type":"function","function":{"name":"f"}‹1›},{"type":"openrouter:web_search"}]}""")]
    [InlineData("""{"messages":[{"role":"user","content":"a","cache_control":{"type":"ephemeral"}}]}""", """{"messages":[{"role":"user","content":"a","cache_control":{"type":"ephemeral"}}]}""")]
    public void Openrouter(string body, string expected) => Assert.Equal(expected.Replace("‹1›", Mark, StringComparison.Ordinal), Apply(Everything(Dialect.OpenAiChat), body));

    [Fact]
    public void An_hour_is_said()
    {
        Assert.Equal(
            """{"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral","ttl":"1h"}}]}""",
            Apply(Everything(Dialect.Anthropic) with { OneHour = true }, """{"system":"s"}"""));
        Assert.Equal(
            """{"system":[{"text":"s"},{"cachePoint":{"type":"default","ttl":"1h"}}]}""",
            Apply(Everything(Dialect.Bedrock) with { OneHour = true }, """{"system":[{"text":"s"}]}"""));
    }

    [Fact]
    public void Only_what_is_wanted_is_marked()
    {
        const string Body = """{"tools":[{"name":"a"}],"system":"s","messages":[{"role":"user","content":"u"}]}""";

        Assert.Equal(Body.Replace("\"a\"", "\"a\"" + Mark, StringComparison.Ordinal), Apply(new PromptCachePlan(Dialect.Anthropic) { Tools = true }, Body));
        Assert.Equal(Body.Replace("\"s\"", "[{\"type\":\"text\",\"text\":\"s\"" + Mark + "}]", StringComparison.Ordinal), Apply(new PromptCachePlan(Dialect.Anthropic) { System = true }, Body));
        Assert.Equal(Body.Replace("\"u\"", "[{\"type\":\"text\",\"text\":\"u\"" + Mark + "}]", StringComparison.Ordinal), Apply(new PromptCachePlan(Dialect.Anthropic) { Messages = true }, Body));
    }

    [Fact]
    public void A_model_that_caches_texts_alone_gets_breakpoints_behind_texts_alone() => Assert.Equal(
        """{"messages":[{"role":"user","content":[{"text":"a"}‹2›,{"image":{}}]},{"role":"user","content":[{"toolResult":{}}]}]}""".Replace("‹2›", Block, StringComparison.Ordinal),
        Apply(Everything(Dialect.Bedrock) with { TextOnly = true }, """{"messages":[{"role":"user","content":[{"text":"a"},{"image":{}}]},{"role":"user","content":[{"toolResult":{}}]}]}"""));

    [Theory]
    [InlineData(4 * 1024, 1024, true)]
    [InlineData((4 * 1024) - 1, 1024, false)]
    [InlineData(1, 0, true)]
    public void Short_prompts_are_left_alone(int bytes, long tokens, bool isMarked)
    {
        // What is no part of the prompt does not count.
        var body = $$"""{"metadata":{"a":"{{new string('x', 9000)}}"},"system":"{{string.Concat(Enumerable.Repeat("a ", bytes)).AsSpan(0, bytes)}}"}""";

        Assert.Equal(isMarked, Edits(Everything(Dialect.Anthropic) with { MinTokens = tokens }, body).Length > 0);
    }

    [Fact]
    public void Tools_messages_names_and_schemas_count_as_prompt()
    {
        var text = string.Concat(Enumerable.Repeat("ab ", 400));
        var body = $$$"""{"tools":[{"name":"n","description":"{{{text}}}","input_schema":{"{{{text}}}":1}}],"messages":[{"role":"user","content":[{"type":"tool_result","content":"{{{text}}}"},{"type":"text","text":"{{{text}}}"}]}]}""";

        Assert.NotEmpty(Edits(Everything(Dialect.Anthropic) with { MinTokens = 1200 }, body));
        Assert.Empty(Edits(Everything(Dialect.Anthropic) with { MinTokens = 1250 }, body));
    }

    [Fact]
    public void An_image_is_no_long_text()
    {
        var body = $$$"""{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"{{{new string('A', 400_000)}}}"}}]}]}""";

        Assert.NotEmpty(Edits(Everything(Dialect.Anthropic) with { MinTokens = 1000 }, body));
        Assert.Empty(Edits(Everything(Dialect.Anthropic) with { MinTokens = 1100 }, body));
    }

    [Fact]
    public void Deep_results_are_read_to_their_end()
    {
        var open = string.Concat(Enumerable.Repeat("""{"type":"tool_result","content":[""", 250));
        var close = string.Concat(Enumerable.Repeat("]}", 249));

        Assert.Equal(
            "{\"messages\":[{\"role\":\"user\",\"content\":[" + open + close + "]" + Mark + "}]}]}",
            Apply(Everything(Dialect.Anthropic), "{\"messages\":[{\"role\":\"user\",\"content\":[" + open + close + "]}]}]}"));
    }

    [Theory]
    [InlineData(Dialect.Anthropic, "claude-sonnet-4-5", "", true)]
    [InlineData(Dialect.Bedrock, "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "", true)]
    [InlineData(Dialect.Bedrock, "anthropic.claude-3-haiku-20240307-v1:0", "no_prompt_cache", false)]
    [InlineData(Dialect.Bedrock, "meta.llama3-8b-instruct-v1:0", "", false)]
    [InlineData(Dialect.Bedrock, "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc", "", true)]
    [InlineData(Dialect.OpenAiChat, "anthropic/claude-sonnet-4.5", "prompt_cache_breakpoints", true)]
    [InlineData(Dialect.OpenAiChat, "gpt-5", "", false)]
    [InlineData(Dialect.OpenAiChat, "gpt-5", "cache_control", false)]
    [InlineData(Dialect.OpenAiResponses, "gpt-5", "prompt_cache_breakpoints", false)]
    [InlineData(Dialect.Gemini, "gemini-2.5-pro", "", false)]
    [InlineData(Dialect.Mistral, "mistral-large", "", false)]
    public void Breakpoints_are_for_those_who_take_them(Dialect dialect, string model, string trait, bool takes) =>
        Assert.Equal(takes, Everything(dialect).For(model, TargetRules.None with { Traits = [trait] }) is not null);

    [Fact]
    public void Nova_takes_fewer()
    {
        var plan = (Everything(Dialect.Bedrock) with { OneHour = true }).For("us.amazon.nova-pro-v1:0", TargetRules.None)!;

        Assert.True(plan is { Tools: false, System: true, Messages: true, TextOnly: true, OneHour: false });
    }

    [Fact]
    public void The_least_length_is_what_was_written_or_what_is_known_of_the_model()
    {
        var plan = new PromptCachePlan(Dialect.Anthropic);
        var known = TargetRules.None with { PromptCacheMinTokens = 4096 };

        Assert.Equal(1024, plan.For("m", TargetRules.None)!.MinTokens);
        Assert.Equal(4096, plan.For("m", known)!.MinTokens);
        Assert.Equal(0, (plan with { MinTokens = 0 }).For("m", known)!.MinTokens);
    }

    internal static PromptCachePlan Everything(Dialect dialect) => new(dialect) { Tools = true, System = true, Messages = true, MinTokens = 0 };

    internal static string Apply(PromptCachePlan plan, string body) =>
        Encoding.UTF8.GetString(new SplicedJson(new(Encoding.UTF8.GetBytes(body)), Edits(plan, body)).ToMemory().Span);

    private static JsonEdit[] Edits(PromptCachePlan plan, string body) => PromptCacheMarks.EditsFor(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(body)), plan);
}
