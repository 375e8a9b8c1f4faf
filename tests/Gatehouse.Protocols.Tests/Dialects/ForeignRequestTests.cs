using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Anthropic;
using Gatehouse.Protocols.Dialects.Bedrock;
using Gatehouse.Protocols.Dialects.Gemini;
using Gatehouse.Protocols.Dialects.Mistral;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Dialects.OpenAiResponses;

namespace Gatehouse.Protocols.Tests.Dialects;

/// <summary>Histories and tools that one dialect takes and another refuses.</summary>
public sealed class ForeignRequestTests
{
    private static readonly ChatMessage Hi = Asked.User(new TextPart("Hi"));

    public static TheoryData<Dialect> Strict => [Dialect.Anthropic, Dialect.Bedrock, Dialect.Gemini];

    [Theory]
    [InlineData(Dialect.Anthropic, "messages")]
    [InlineData(Dialect.Bedrock, "messages")]
    [InlineData(Dialect.Gemini, "messages")]
    [InlineData(Dialect.Cohere, "messages")]
    [InlineData(Dialect.OpenAiResponses, "messages")]
    public void An_empty_conversation_is_refused_before_it_is_sent(Dialect target, string field) =>
        Assert.Equal(field, Assert.Throws<MalformedException>(() => Asked.In(AllDialects.CodecOf(target), Asked.Request() with { Messages = [] })).Field);

    [Fact]
    public void An_empty_conversation_is_named_as_its_caller_knows_it()
    {
        var gemini = GeminiCodec.Instance.ReadRequest(Asked.Json("""{"contents":[]}"""));
        Assert.Equal("contents", Assert.Throws<MalformedException>(() => Asked.In(OpenAiChatCodec.Instance, gemini)).Field);
        var responses = ResponsesCodec.Instance.ReadRequest(Asked.Json("""{"model":"m"}"""));
        Assert.Equal("input", Assert.Throws<MalformedException>(() => Asked.In(OpenAiChatCodec.Instance, responses)).Field);
    }

    [Theory, MemberData(nameof(Strict))]
    public void A_conversation_of_nothing_but_blanks_is_refused(Dialect target) =>
        _ = Assert.Throws<MalformedException>(() => Asked.In(AllDialects.CodecOf(target), Asked.Request(Asked.User(new TextPart("")))));

    [Fact]
    public void Bedrock_begins_with_the_user()
    {
        var greeting = Asked.In(BedrockCodec.Instance, Asked.Request(Asked.Assistant(new TextPart("Hello.")), Hi)).Body.GetProperty("messages");
        Assert.Equal("""{"role":"user","content":[{"text":"."}]}""", greeting[0].GetRawText());
        Assert.Equal(3, greeting.GetArrayLength());
        var instruction = Asked.In(BedrockCodec.Instance, Asked.Request(new ChatMessage(Role.System, [new TextPart("Say hi.")]))).Body;
        Assert.Equal("""[{"role":"user","content":[{"text":"Say hi."}]}]""", instruction.GetProperty("messages").GetRawText());
        Assert.False(instruction.TryGetProperty("system", out _));
    }

    [Theory, MemberData(nameof(Strict))]
    public void Calls_without_results_are_answered_before_the_next_turn(Dialect target)
    {
        var request = Asked.Request(
            Hi,
            Asked.Assistant(new ToolCallPart("a", "first", "{}"), new ToolCallPart("b", "second", "{}")),
            Asked.User(new ToolResultPart("b") { Content = [new TextPart("2")], IsPlainText = true }, new TextPart("Go on.")));
        var again = AllDialects.CodecOf(target).ReadRequest(Asked.In(AllDialects.CodecOf(target), request, "function_call_ids", "claude").Body);
        var results = again.Messages[^1].Parts.OfType<ToolResultPart>().ToDictionary(r => r.CallId, StringComparer.Ordinal);
        Assert.Equal(["a", "b"], results.Keys.Order(StringComparer.Ordinal), StringComparer.Ordinal);
        Assert.True(results["a"].IsError);
        Assert.Contains("The tool call was not answered.", Conversation.TextOf(results["a"].Content), StringComparison.Ordinal);
        Assert.NotEqual(true, results["b"].IsError);
        Assert.IsType<TextPart>(again.Messages[^1].Parts[^1]);
    }

    [Fact]
    public void Calls_at_the_end_wait_for_their_results()
    {
        var turns = new List<ChatMessage> { Hi, Asked.Assistant(new ToolCallPart("a", "f", "{}")) };
        Conversation.AnswerCalls(turns);
        Assert.Equal(2, turns.Count);
    }

    [Theory]
    [InlineData(Dialect.Anthropic)]
    [InlineData(Dialect.Bedrock)]
    [InlineData(Dialect.OpenAiResponses)]
    public void Results_without_an_id_are_joined_by_order(Dialect target)
    {
        var request = OpenAiChatCodec.Instance.ReadRequest(Asked.Json("""
            {"model":"m","messages":[{"role":"user","content":"Hi"},
              {"role":"assistant","tool_calls":[{"id":"","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"","type":"function","function":{"name":"g","arguments":"{}"}}]},
              {"role":"tool","tool_call_id":"","content":"1"},{"role":"tool","tool_call_id":"","content":"2"}]}
            """));
        var again = AllDialects.CodecOf(target).ReadRequest(Asked.In(AllDialects.CodecOf(target), request).Body);
        var parts = again.Messages.SelectMany(m => m.Parts).ToList();
        Assert.Equal(parts.OfType<ToolCallPart>().Select(c => c.Id), parts.OfType<ToolResultPart>().Select(r => r.CallId), StringComparer.Ordinal);
        Assert.Equal(["1", "2"], parts.OfType<ToolResultPart>().Select(r => Conversation.TextOf(r.Content)), StringComparer.Ordinal);
    }

    [Theory]
    [InlineData(Dialect.OpenAiResponses, "my.tool", true)]
    [InlineData(Dialect.Mistral, "my.tool", true)]
    [InlineData(Dialect.Anthropic, "my.tool", true)]
    [InlineData(Dialect.Bedrock, "my.tool", true)]
    [InlineData(Dialect.Gemini, "my.tool", false)]
    [InlineData(Dialect.Gemini, "my tool", true)]
    [InlineData(Dialect.Anthropic, "a23456789b123456789c123456789d123456789e123456789f123456789g1234X", false)]
    [InlineData(Dialect.OpenAiResponses, "a23456789b123456789c123456789d123456789e123456789f123456789g1234X", true)]
    public void A_name_that_the_target_does_not_take_is_named(Dialect target, string name, bool isRefused)
    {
        var codec = AllDialects.CodecOf(target);
        var declared = Asked.Request(Hi) with { Tools = [new FunctionTool(name)] };
        var called = Asked.Request(Hi, Asked.Assistant(new ToolCallPart("a", name, "{}")), Asked.User(new ToolResultPart("a"))) with { Tools = [new FunctionTool("f")] };
        if (isRefused)
        {
            Assert.StartsWith($"tools[0] (a tool named '{name}': ", Asked.Refused(codec, declared), StringComparison.Ordinal);
            Assert.StartsWith($"messages[1].content[0] (a call of a tool named '{name}': ", Asked.Refused(codec, called), StringComparison.Ordinal);
        }
        else
        {
            Assert.Contains(name, Asked.In(codec, declared).Body.GetRawText(), StringComparison.Ordinal);
            Assert.Contains(name, Asked.In(codec, called).Body.GetRawText(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("""{"type":"object"}""", """{"type":"object","properties":{}}""")]
    [InlineData("""{}""", """{"type":"object","properties":{}}""")]
    [InlineData("""{"type":"object","properties":{"a":{}}}""", """{"type":"object","properties":{"a":{}}}""")]
    public void OpenAi_gets_an_object_with_properties(string schema, string expected)
    {
        var request = Asked.Request(Hi) with { Dialect = Dialect.Anthropic, Tools = [new FunctionTool("f") { Parameters = Asked.Json(schema) }] };
        Assert.Equal(expected, Asked.In(OpenAiChatCodec.Instance, request).Body.GetProperty("tools")[0].GetProperty("function").GetProperty("parameters").GetRawText());
        Assert.Equal(expected, Asked.In(ResponsesCodec.Instance, request).Body.GetProperty("tools")[0].GetProperty("parameters").GetRawText());
        var own = request with { Dialect = Dialect.OpenAiChat };
        Assert.Equal(schema, Asked.In(OpenAiChatCodec.Instance, own).Body.GetProperty("tools")[0].GetProperty("function").GetProperty("parameters").GetRawText());
    }

    [Fact]
    public void A_sound_by_its_id_is_refused_by_those_who_did_not_make_it()
    {
        var request = OpenAiChatCodec.Instance.ReadRequest(Asked.Json("""
            {"model":"m","messages":[{"role":"user","content":"Hi"},{"role":"assistant","audio":{"id":"audio_1"}},{"role":"user","content":"Again"}]}
            """));
        Assert.Equal("""{"id":"audio_1"}""", Asked.In(OpenAiChatCodec.Instance, request).Body.GetProperty("messages")[1].GetProperty("audio").GetRawText());
        foreach (var codec in AllDialects.Codecs.Where(c => c.Dialect != Dialect.OpenAiChat))
        {
            Assert.NotEmpty(Asked.Refused(codec, request));
        }
    }

    [Theory]
    [InlineData(Dialect.Anthropic)]
    [InlineData(Dialect.Bedrock)]
    [InlineData(Dialect.Gemini)]
    [InlineData(Dialect.Mistral)]
    [InlineData(Dialect.OpenAiResponses)]
    public void A_sound_with_its_words_goes_as_words(Dialect target)
    {
        var sound = new AudioPart(new MediaSource()) { Id = "audio_1", Transcript = "What was said" };
        var body = Asked.In(AllDialects.CodecOf(target), Asked.Request(Hi, Asked.Assistant(sound), Hi)).Body.GetRawText();
        Assert.Contains("What was said", body, StringComparison.Ordinal);
        Assert.DoesNotContain("audio", body, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_said_of_a_document_stands_before_it()
    {
        var file = new FilePart(new MediaSource { MediaType = "application/pdf", Base64 = "JVBERi0="u8.ToArray() }) { Title = "Report", Context = "Of 2025." };
        var request = Asked.Request(Asked.User(file)) with { Dialect = Dialect.Anthropic };
        foreach (var codec in new DialectCodec[] { OpenAiChatCodec.Instance, MistralCodec.Instance, ResponsesCodec.Instance })
        {
            var body = Asked.In(codec, request).Body;
            var content = (body.TryGetProperty("messages", out var messages) ? messages : body.GetProperty("input"))[0].GetProperty("content");
            Assert.Equal("Context of Report: Of 2025.", content[0].GetProperty("text").GetString());
            Assert.Contains("Report", content[1].GetRawText(), StringComparison.Ordinal);
            Assert.Equal(2, content.GetArrayLength());
        }
    }

    [Theory]
    [InlineData(Dialect.OpenAiChat)]
    [InlineData(Dialect.OpenAiResponses)]
    [InlineData(Dialect.Anthropic)]
    [InlineData(Dialect.Bedrock)]
    [InlineData(Dialect.Gemini)]
    [InlineData(Dialect.Cohere)]
    [InlineData(Dialect.Ollama)]
    [InlineData(Dialect.Mistral)]
    public void Thoughts_of_another_maker_are_named_when_they_are_left_out(Dialect target)
    {
        var thought = new ReasoningPart { Text = "Hm.", Signature = new Signature(Dialect.Cohere, "SIG") };
        foreach (var caller in new[] { target == Dialect.Anthropic ? Dialect.OpenAiChat : Dialect.Anthropic, target })
        {
            if (caller == target && target is not (Dialect.Anthropic or Dialect.Bedrock or Dialect.Gemini or Dialect.OpenAiResponses))
            {
                continue;
            }

            var request = Asked.Request(Hi, Asked.Assistant(thought, new TextPart("Yes.")), Hi) with { Dialect = caller, MaxOutputTokens = 9 };
            var asked = Asked.In(AllDialects.CodecOf(target), request);
            Assert.Contains("reasoning", asked.Dropped, StringComparer.Ordinal);
            Assert.DoesNotContain("Hm.", asked.Body.GetRawText(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Anthropics_own_conversation_stays_as_it_is()
    {
        var request = AnthropicCodec.Instance.ReadRequest(Asked.Json("""{"model":"m","max_tokens":1,"messages":[],"tools":[{"name":"a b","input_schema":{}}]}"""));
        Assert.Equal(JsonValueKind.Array, Asked.In(AnthropicCodec.Instance, request).Body.GetProperty("messages").ValueKind);
    }
}
