using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Anthropic;

namespace Gatehouse.Protocols.Tests.Dialects.Anthropic;

public class AnthropicRequestReaderTests
{
    [Theory]
    [InlineData("""[]""", null)]
    [InlineData("""{"messages":[]}""", "max_tokens")]
    [InlineData("""{"max_tokens":"many","messages":[]}""", "max_tokens")]
    [InlineData("""{"max_tokens":1}""", "messages")]
    [InlineData("""{"max_tokens":1,"messages":["Hi"]}""", "messages[0]")]
    [InlineData("""{"max_tokens":1,"messages":[{"role":"tool","content":"Hi"}]}""", "messages[0].role")]
    [InlineData("""{"max_tokens":1,"messages":[{"role":"user"}]}""", "messages[0].content")]
    [InlineData("""{"max_tokens":1,"messages":[{"role":"user","content":7}]}""", "messages[0].content")]
    [InlineData("""{"max_tokens":1,"messages":[{"role":"user","content":["Hi"]}]}""", "messages[0].content[0]")]
    [InlineData("""{"max_tokens":1,"messages":[{"role":"user","content":[{"type":"text"}]}]}""", "messages[0].content[0].text")]
    [InlineData("""{"max_tokens":1,"messages":[{"role":"user","content":[{"type":"tool_result","content":"x"}]}]}""", "messages[0].content[0].tool_use_id")]
    [InlineData("""{"max_tokens":1,"messages":[{"role":"user","content":[{"type":"image"}]}]}""", "messages[0].content[0].source")]
    [InlineData("""{"max_tokens":1,"messages":[],"tools":[{"input_schema":{}}]}""", "tools[0].name")]
    [InlineData("""{"max_tokens":1,"messages":[],"tool_choice":{"type":"tool"}}""", "tool_choice.name")]
    [InlineData("""{"max_tokens":1,"messages":[],"system":3}""", "system")]
    public void Names_the_field_at_fault(string body, string? field) =>
        Assert.Equal(field, Assert.Throws<MalformedException>(() => AnthropicBodies.Read(body)).Field);

    [Fact]
    public void A_count_tokens_request_has_no_limit_of_output()
    {
        var body = JsonDocument.Parse("""{"model":"m","messages":[{"role":"user","content":"Hi"}]}""").RootElement;
        Assert.Null(AnthropicCodec.ReadCountTokensRequest(body).MaxOutputTokens);
    }

    /// <summary>As Claude Code writes it: system as blocks, a system turn within the conversation, edits that only prune.</summary>
    [Fact]
    public void Reads_a_request_of_a_coding_agent()
    {
        var request = AnthropicBodies.Read("""
            {"model":"claude-opus","max_tokens":64000,"stream":true,
             "system":[{"type":"text","text":"x-anthropic-billing-header: cc_version=2"},{"type":"text","text":"You code.","cache_control":{"type":"ephemeral","ttl":"1h"}}],
             "messages":[{"role":"user","content":[{"type":"text","text":"Go"}]},{"role":"system","content":"Be brief."}],
             "thinking":{"type":"adaptive","display":"omitted"},"output_config":{"effort":"xhigh"},
             "context_management":{"edits":[{"type":"clear_thinking_20251015","keep":"all"}]},
             "metadata":{"user_id":"{\"device\":1}"}}
            """);

        Assert.Equal([Role.System, Role.User, Role.System], request.Messages.Select(m => m.Role));
        Assert.Equal(new CacheControl(OneHour: true, HasTimeToLive: true), request.Messages[0].Parts[1].CacheControl);
        Assert.Equal(ReasoningMode.Adaptive, request.Reasoning!.Mode);
        Assert.Equal("xhigh", request.Reasoning.Effort);
        Assert.False(request.Reasoning.IncludeThoughts);
        Assert.Equal("{\"device\":1}", request.User);
        Assert.False(Assert.Single(request.Extensions!.Members).ChangesMeaning);
    }

    [Theory]
    [InlineData("""{"context_management":{"edits":[{"type":"compact_20260112"}]}}""", "context_management", true)]
    [InlineData("""{"mcp_servers":[{"type":"url","url":"https://x","name":"x"}]}""", "mcp_servers", true)]
    [InlineData("""{"thread":{"type":"continue","previous_message_id":"msg_1"}}""", "thread", true)]
    [InlineData("""{"container":"container_1"}""", "container", true)]
    [InlineData("""{"inference_geo":"eu"}""", "inference_geo", false)]
    [InlineData("""{"output_config":{"task_budget":{"type":"tokens","total":5}}}""", "output_config.task_budget", false)]
    public void Knows_what_changes_the_meaning(string member, string name, bool changes)
    {
        var request = AnthropicBodies.Read($$"""{"max_tokens":1,"messages":[],{{member[1..]}}""");
        Assert.Equal((name, changes), (request.Extensions!.Members[0].Name, request.Extensions.Members[0].ChangesMeaning));
    }

    [Fact]
    public void A_tool_without_a_type_is_a_custom_one_and_any_other_is_kept_as_it_is()
    {
        var request = AnthropicBodies.Read("""
            {"max_tokens":1,"messages":[],"tools":[
              {"name":"a","input_schema":{"type":"object"},"strict":true,"defer_loading":true},
              {"type":"custom","name":"b","input_schema":{"type":"object"}},
              {"type":"web_search_20260318","name":"web_search","max_uses":3}]}
            """);

        var first = Assert.IsType<FunctionTool>(request.Tools[0]);
        Assert.True(first.Strict);
        Assert.Equal("defer_loading", Assert.Single(first.Extensions!.Members).Name);
        Assert.Null(Assert.IsType<FunctionTool>(request.Tools[1]).Extensions);
        Assert.Equal("web_search_20260318", Assert.IsType<OpaqueTool>(request.Tools[2]).Type);
    }

    [Fact]
    public void An_empty_thought_with_a_signature_is_valid()
    {
        var thought = Assert.IsType<ReasoningPart>(Parts("""{"type":"thinking","thinking":"","signature":"EqQB"}""")[0]);
        Assert.Equal(("", new Signature(Dialect.Anthropic, "EqQB")), (thought.Text, thought.Signature));
    }

    [Fact]
    public void A_signature_of_gemini_goes_back_to_the_call_behind_it()
    {
        var parts = Parts("""{"type":"redacted_thinking","data":"gatehouse.gemini.c2ln"},{"type":"tool_use","id":"t1","name":"f","input":{}}""");
        Assert.Equal(new Signature(Dialect.Gemini, "c2ln"), Assert.IsType<ToolCallPart>(Assert.Single(parts)).Signature);
    }

    [Fact]
    public void A_signature_of_gemini_with_nothing_behind_it_goes_to_the_text_before_it()
    {
        var parts = Parts("""{"type":"text","text":"Hi"},{"type":"redacted_thinking","data":"gatehouse.gemini.c2ln"}""");
        Assert.Equal(new Signature(Dialect.Gemini, "c2ln"), Assert.IsType<TextPart>(Assert.Single(parts)).Signature);
    }

    [Fact]
    public void Reads_documents_of_every_source()
    {
        var parts = Parts("""
            {"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBERg=="},"title":"T","context":"C","citations":{"enabled":true}},
            {"type":"document","source":{"type":"text","media_type":"text/plain","data":"words"}},
            {"type":"document","source":{"type":"url","url":"https://x/a.pdf"}},
            {"type":"document","source":{"type":"file","file_id":"file_1"}},
            {"type":"document","source":{"type":"content","content":[{"type":"text","text":"one"}]}},
            {"type":"document","source":{"type":"hologram"}}
            """);

        var pdf = Assert.IsType<FilePart>(parts[0]);
        Assert.Equal(("T", "C", true), (pdf.Title, pdf.Context, pdf.Citations));
        Assert.Equal("JVBERg=="u8.ToArray(), pdf.Source.Base64!.Value.ToArray());
        Assert.Equal("words", Assert.IsType<FilePart>(parts[1]).Source.Text);
        Assert.Equal("https://x/a.pdf", Assert.IsType<FilePart>(parts[2]).Source.Url);
        Assert.Equal("file_1", Assert.IsType<FilePart>(parts[3]).Source.FileId);
        Assert.Equal("one", Assert.IsType<TextPart>(Assert.Single(Assert.IsType<FilePart>(parts[4]).Content!)).Text);
        _ = Assert.IsType<OpaquePart>(parts[5]);
    }

    private static IReadOnlyList<Part> Parts(string blocks) => AnthropicBodies.Read(
        $$"""{"max_tokens":1,"messages":[{"role":"assistant","content":[{{blocks}}]}]}""").Messages[0].Parts;
}
