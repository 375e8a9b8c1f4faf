using System.Text;
using Gatehouse.Pipeline;
using Gatehouse.Routing.Traits;

namespace Gatehouse.Tests.Routing.Traits;

/// <summary>What is read of a request's body, dialect by dialect.</summary>
public sealed class RequestTraitsTests
{
    [Theory]
    [InlineData("chat", """{"messages":[{"role":"user","content":"hi"}]}""", 0)]
    [InlineData("chat", """{"messages":[{"role":"user","content":[{"type":"text","text":"x"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}]}""", Image)]
    [InlineData("chat", """{"messages":[{"role":"user","content":[{"type":"image_url","image_url":"https://x/y.png"}]}]}""", Image)]
    [InlineData("chat", """{"messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}}]}]}""", Audio)]
    [InlineData("chat", """{"messages":[{"role":"user","content":[{"type":"video_url","video_url":{"url":"https://x"}}]}]}""", Video)]
    [InlineData("chat", """{"messages":[{"role":"user","content":[{"type":"file","file":{"file_id":"f"}}]}]}""", Document)]
    [InlineData("chat", """{"messages":[{"role":"user","content":[{"type":"document_url","document_url":"https://x"}]}]}""", Document)]
    [InlineData("chat", """{"messages":[{"role":"assistant","images":[{"type":"image_url","image_url":{"url":"u"}}]}]}""", Image)]
    [InlineData("chat", """{"messages":[{"role":"tool","content":[{"type":"image_url","image_url":{"url":"u"}}]}]}""", Image)]
    [InlineData("responses", """{"input":[{"role":"user","content":[{"type":"input_image","file_id":"f"},{"type":"input_file","file_id":"f"}]}]}""", Image | Document)]
    [InlineData("responses", """{"input":[{"type":"function_call_output","call_id":"c","output":[{"type":"input_image","image_url":"u"}]}]}""", Image)]
    [InlineData("responses", """{"input":[{"type":"computer_call_output","output":{"type":"computer_screenshot","image_url":"u"}}]}""", Image)]
    [InlineData("anthropic", """{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"u"}}]}]}""", Image)]
    [InlineData("anthropic", """{"messages":[{"role":"user","content":[{"source":{"type":"base64","media_type":"application/pdf","data":"AAAA"},"type":"document"}]}]}""", Document)]
    [InlineData("anthropic", """{"messages":[{"role":"user","content":[{"type":"document","source":{"type":"text","media_type":"text/plain","data":"words"}}]}]}""", 0)]
    [InlineData("anthropic", """{"messages":[{"role":"user","content":[{"type":"document","source":{"type":"content","content":[{"type":"image","source":{"type":"url","url":"u"}}]}}]}]}""", Image)]
    [InlineData("anthropic", """{"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"image","source":{"type":"base64","data":"AAAA"}}]}]}]}""", Image)]
    [InlineData("gemini", """{"contents":[{"role":"user","parts":[{"inlineData":{"mimeType":"image/png","data":"AAAA"}}]}]}""", Image)]
    [InlineData("gemini", """{"contents":[{"parts":[{"inline_data":{"mime_type":"AUDIO/wav","data":"AAAA"}}]}]}""", Audio)]
    [InlineData("gemini", """{"contents":[{"parts":[{"fileData":{"mimeType":"video/mp4","fileUri":"u"}},{"file_data":{"mime_type":"application/pdf","file_uri":"u"}}]}]}""", Video | Document)]
    [InlineData("gemini", """{"contents":{"parts":{"fileData":{"fileUri":"u"}}}}""", Document)]
    [InlineData("gemini", """{"contents":[{"parts":[{"functionResponse":{"name":"f","response":{},"parts":[{"inlineData":{"mimeType":"image/png","data":""}}]}}]}]}""", Image)]
    // What a tool is called with is no part of the conversation's form.
    [InlineData("anthropic", """{"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{"type":"image","image_url":"u"}}]}]}""", 0)]
    [InlineData("gemini", """{"contents":[{"role":"model","parts":[{"functionCall":{"name":"f","args":{"inlineData":{"mimeType":"image/png"}}}}]}]}""", 0)]
    [InlineData("chat", """{"messages":[],"tools":[{"type":"function","function":{"name":"f","parameters":{"properties":{"image_url":{"type":"image"}}}}}]}""", 0)]
    // Another dialect's member.
    [InlineData("chat", """{"contents":[{"parts":[{"inlineData":{"mimeType":"image/png","data":"AAAA"}}]}]}""", 0)]
    public void Modalities_are_seen_where_the_dialect_has_them(string dialect, string json, int expected) =>
        Assert.Equal((Modalities)expected, Bodies.Read(Bodies.Named(dialect), json).Modalities);

    [Theory]
    [InlineData("chat", """{"max_tokens":7}""", 7)]
    [InlineData("chat", """{"max_completion_tokens":8,"max_tokens":7}""", 8)]
    [InlineData("chat", """{"max_tokens":7.0}""", 7)]
    [InlineData("chat", """{"max_tokens":"7"}""", null)]
    [InlineData("chat", """{"max_tokens":null}""", null)]
    [InlineData("chat", """{"max_tokens":-1}""", null)]
    [InlineData("chat", """{"max_tokens":1e99}""", null)]
    [InlineData("chat", """{"max_tokens":1,"max_tokens":2}""", 2)]
    [InlineData("chat", """{"max_tokens":[1,{"max_tokens":3}],"n":2}""", null)]
    [InlineData("responses", """{"max_output_tokens":9}""", 9)]
    [InlineData("anthropic", """{"max_tokens":10}""", 10)]
    [InlineData("gemini", """{"generationConfig":{"maxOutputTokens":11}}""", 11)]
    [InlineData("gemini", """{"generation_config":{"max_output_tokens":12}}""", 12)]
    [InlineData("gemini", """{"generationConfig":{"maxOutputTokens":11},"generationConfig":{"temperature":0}}""", null)]
    public void The_cap_on_the_output_is_read(string dialect, string json, int? expected) =>
        Assert.Equal(expected, Bodies.Read(Bodies.Named(dialect), json).MaxOutputTokens);

    [Theory]
    [InlineData("chat", """{"tools":[{"type":"function","function":{"name":"a"}},{"type":"function","function":{"name":"b"}}]}""", 2, true)]
    [InlineData("chat", """{"functions":[{"name":"a"}]}""", 1, true)]
    [InlineData("chat", """{"tools":[]}""", 0, false)]
    [InlineData("chat", """{"tools":"all","messages":[{"role":"user","name":"bob","content":"x"}]}""", 0, false)]
    [InlineData("chat", """{"tools":[1,null,{"type":"function"}]}""", 1, true)]
    [InlineData("chat", """{"messages":[{"role":"assistant","tool_calls":[{"id":"1","function":{"name":"f","arguments":"{}"}}]}]}""", 0, true)]
    [InlineData("responses", """{"input":[{"type":"function_call","name":"f","arguments":"{}"}]}""", 0, true)]
    [InlineData("anthropic", """{"messages":[{"role":"user","content":[{"type":"tool_result","content":"x"}]}]}""", 0, true)]
    [InlineData("gemini", """{"tools":[{"functionDeclarations":[{"name":"a"},{"name":"b"}]},{"googleSearch":{}}]}""", 3, true)]
    [InlineData("gemini", """{"contents":[{"parts":[{"functionResponse":{"name":"f"}}]}]}""", 0, true)]
    public void Tools_are_counted(string dialect, string json, int count, bool uses)
    {
        var traits = Bodies.Read(Bodies.Named(dialect), json);
        Assert.Equal((count, uses), (traits.ToolCount, traits.UsesTools));
    }

    [Theory]
    [InlineData("chat", """{"response_format":{"type":"json_schema","json_schema":{"schema":{}}}}""", true)]
    [InlineData("chat", """{"response_format":{"type":"json_object"}}""", false)]
    [InlineData("chat", """{"response_format":{"type":"json_schema"},"response_format":null}""", false)]
    [InlineData("responses", """{"text":{"format":{"type":"json_schema","schema":{}},"verbosity":"low"}}""", true)]
    [InlineData("responses", """{"text":{"format":{"type":"text"}}}""", false)]
    [InlineData("anthropic", """{"output_config":{"format":{"schema":{"type":"object"},"type":"json_schema"}}}""", true)]
    [InlineData("anthropic", """{"output_format":{"type":"json_schema","schema":{}}}""", true)]
    [InlineData("gemini", """{"generationConfig":{"responseSchema":{"type":"OBJECT"}}}""", true)]
    [InlineData("gemini", """{"generationConfig":{"responseMimeType":"application/json"}}""", false)]
    public void A_wish_for_an_answer_by_a_schema_is_seen(string dialect, string json, bool expected) =>
        Assert.Equal(expected, Bodies.Read(Bodies.Named(dialect), json).WantsStructuredOutput);

    [Theory]
    [InlineData("chat", """{"reasoning_effort":"high"}""", true)]
    [InlineData("chat", """{"reasoning_effort":"none"}""", false)]
    [InlineData("chat", """{"reasoning_effort":null}""", false)]
    [InlineData("chat", """{"reasoning":{"enabled":true}}""", true)]
    [InlineData("chat", """{"reasoning":{"enabled":false,"max_tokens":100}}""", false)]
    [InlineData("responses", """{"reasoning":{"effort":"low","summary":"auto"}}""", true)]
    [InlineData("responses", """{"reasoning":{"summary":"auto"}}""", false)]
    [InlineData("anthropic", """{"thinking":{"type":"enabled","budget_tokens":1024}}""", true)]
    [InlineData("anthropic", """{"thinking":{"type":"adaptive"}}""", true)]
    [InlineData("anthropic", """{"thinking":{"type":"disabled"}}""", false)]
    [InlineData("gemini", """{"generationConfig":{"thinkingConfig":{"thinkingBudget":-1}}}""", true)]
    [InlineData("gemini", """{"generationConfig":{"thinkingConfig":{"thinkingBudget":0}}}""", false)]
    [InlineData("gemini", """{"generationConfig":{"thinkingConfig":{"thinkingLevel":"HIGH"}}}""", true)]
    public void A_wish_to_think_is_seen(string dialect, string json, bool expected) =>
        Assert.Equal(expected, Bodies.Read(Bodies.Named(dialect), json).WantsReasoning);

    [Theory]
    [InlineData("chat", """{"messages":[{"role":"system","content":"abcd"},{"role":"developer","content":[{"type":"text","text":"ef"}]},{"role":"user","content":"x"},{"role":"assistant","content":"y"},{"role":"tool","content":"z"}]}""", 3)]
    [InlineData("chat", """{"messages":[{"content":"abcd","role":"system"}]}""", 0)]
    [InlineData("chat", """{"messages":[{"role":"system","content":"a\n\u00e9\ud83d\ude00"}]}""", 0)]
    [InlineData("responses", """{"instructions":"abc","input":"x"}""", 1)]
    [InlineData("responses", """{"instructions":"abc","input":[{"role":"developer","content":"d"},{"role":"user","content":"x"},{"type":"function_call","name":"f"}]}""", 2)]
    [InlineData("anthropic", """{"system":"abc","messages":[{"role":"user","content":"x"}]}""", 1)]
    [InlineData("anthropic", """{"system":[{"type":"text","text":"abc","cache_control":{"type":"ephemeral"}}],"messages":[]}""", 0)]
    [InlineData("gemini", """{"systemInstruction":{"parts":[{"text":"abc"}]},"contents":[{"parts":[{"text":"x"}]},{"role":"model","parts":[]}]}""", 2)]
    [InlineData("gemini", """{"system_instruction":{"parts":{"text":"abc"}},"contents":[]}""", 0)]
    [InlineData("chat", """{"messages":"none"}""", 0)]
    [InlineData("chat", """{"messages":[1,"a",[{"role":"user"}],{"role":5,"content":7}]}""", 1)]
    [InlineData("chat", """{"messages":[{"role":"system","content":"abcd"}],"messages":[{"role":"user","content":"x"}]}""", 1)]
    public void Turns_are_counted_without_the_systems_text(string dialect, string json, int turns) =>
        Assert.Equal(turns, Bodies.Read(Bodies.Named(dialect), json).TurnCount);

    [Theory]
    [InlineData("chat", """{"user":"u"}""", "u")]
    [InlineData("chat", """{"safety_identifier":"s","user":"u"}""", "s")]
    [InlineData("chat", """{"user":""}""", null)]
    [InlineData("chat", """{"user":{"user":"u"}}""", null)]
    [InlineData("chat", """{"us\u0065r":"\u0075"}""", "u")]
    [InlineData("chat", """{"metadata":{"user_id":"u"}}""", null)]
    [InlineData("chat", """{"user":"\ud800"}""", "�")]
    [InlineData("responses", """{"safety_identifier":"s"}""", "s")]
    [InlineData("anthropic", """{"metadata":{"user_id":"u"}}""", "u")]
    [InlineData("embeddings", """{"user":"u","input":"x"}""", "u")]
    public void The_end_user_is_read(string dialect, string json, string? expected) =>
        Assert.Equal(expected, Bodies.Read(Bodies.Named(dialect), json).User);

    [Theory]
    // A word is 0.75 and its letters 0.05 each; a message 4, the beginning of the answer 3; an image is 1,000 whatever its bytes.
    [InlineData("chat", """{"messages":[{"role":"user","content":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}]}""", 10)]
    [InlineData("chat", """{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAAAAAAAAAAAAAAAAAAAAAAAAAA"}}]}]}""", 1007)]
    [InlineData("chat", """{"messages":[]}""", 3)]
    [InlineData("anthropic", """{"system":"aaaa","messages":[{"role":"user","content":[{"type":"document","source":{"type":"text","data":"aaaa"}}]}]}""", 13)]
    [InlineData("embeddings", """{"input":["aaaaa","bbbbb"]}""", 5)]
    [InlineData("embeddings", """{"input":[1,2,3,4,5,6,7,8]}""", 11)]
    [InlineData("completions", """{"prompt":"aaaaa"}""", 2)]
    [InlineData("rerank", """{"query":"aaaaa","documents":["bbbbb"]}""", 5)]
    public void Input_is_estimated(string dialect, string json, int tokens) =>
        Assert.Equal(tokens, Bodies.Read(Bodies.Named(dialect), json).InputTokens);

    [Theory]
    [InlineData("chat", """{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":[{"type":"text","text":"c"},"d",{"type":"text","text":"e\nf"}]},{"role":"tool","content":"t"}]}""", "c\nd\ne\nf")]
    [InlineData("responses", """{"input":"a \u00e4"}""", "a ä")]
    [InlineData("responses", """{"input":[{"role":"user","content":[{"type":"input_text","text":"a"}]},{"type":"function_call_output","output":"o"}]}""", "a")]
    [InlineData("anthropic", """{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":[{"type":"tool_result","content":[{"type":"text","text":"r"}]}]}]}""", "a")]
    [InlineData("anthropic", """{"messages":[{"role":"user","content":[{"type":"tool_result","content":"r"},{"type":"text","text":"b"}]}]}""", "b")]
    [InlineData("gemini", """{"contents":[{"parts":[{"text":"a"},{"inlineData":{"mimeType":"image/png","data":"AAAA"}}]},{"role":"model","parts":[{"text":"m"}]}]}""", "a")]
    [InlineData("chat", """{"messages":[{"role":"system","content":"a"}]}""", "")]
    [InlineData("embeddings", """{"input":"a"}""", "")]
    public void The_users_last_text_is_read_when_it_is_asked_for(string dialect, string json, string expected)
    {
        var body = Bodies.Of(json);
        var traits = RequestTraits.Read(Bodies.Named(dialect), body);
        Assert.Equal(expected, traits.LastUserText(body));
        Assert.Equal(expected, traits.LastUserText(default));
    }

    [Fact]
    public void Of_a_long_text_the_end_is_kept_on_whole_characters()
    {
        var json = $$"""{"messages":[{"role":"user","content":"{{string.Concat(Enumerable.Repeat("é", 40_000))}}end"}]}""";
        var body = Bodies.Of(json);
        var text = RequestTraits.Read(Operation.Chat, body).LastUserText(body);
        Assert.EndsWith("éend", text, StringComparison.Ordinal);
        Assert.DoesNotContain('�', text);
        Assert.InRange(Encoding.UTF8.GetByteCount(text), 4095, 4096);

        var parts = string.Join(',', Enumerable.Range(0, 50_000).Select(i => $$"""{"type":"text","text":"{{i}}"}"""));
        body = Bodies.Of($$"""{"messages":[{"role":"user","content":[{{parts}}]}]}""");
        text = RequestTraits.Read(Operation.Chat, body).LastUserText(body);
        Assert.EndsWith("\n49998\n49999", text, StringComparison.Ordinal);
        Assert.Equal(4096, text.Length);
    }

    [Fact]
    public void Nothing_is_read_from_buffers_that_belong_to_others()
    {
        var body = Bodies.Of("""{"metadata":{"a":"b"},"messages":[{"role":"user","content":"a"}]}""");
        var traits = RequestTraits.Read(Operation.Chat, body);
        Assert.Equal("", traits.LastUserText(default));
        Assert.Empty(traits.Metadata(default));
        Assert.Equal("a", traits.LastUserText(body));
        Assert.Equal("b", traits.Metadata(body)["a"]);
    }

    [Fact]
    public void Metadata_are_the_texts_within_bounds()
    {
        var many = string.Join(',', Enumerable.Range(0, 100).Select(i => $"\"k{i}\":\"v\""));
        var body = Bodies.Of($$"""{"metadata":{"a":"1"},"metadata":{"t\u0065am":"r\u0026d","x":1,"o":{"team":"no"},"l":["no"],"long":"{{new string('a', 2000)}}","team":"ops",{{many}}},"messages":[]}""");
        var metadata = RequestTraits.Read(Operation.Chat, body).Metadata(body);
        Assert.Equal("ops", metadata["team"]);
        Assert.False(metadata.ContainsKey("a") || metadata.ContainsKey("x") || metadata.ContainsKey("o") || metadata.ContainsKey("long"));
        Assert.Equal(64, metadata.Count);
        Assert.Equal("v", RequestTraits.Read(Operation.GenerateContent, Bodies.Of("""{"labels":{"a":"v"}}""")).Metadata(Bodies.Of("""{"labels":{"a":"v"}}"""))["a"]);
    }

    [Fact]
    public void A_stream_is_told_by_the_body_or_by_the_path()
    {
        Assert.True(Bodies.Chat("\"stream\":true").IsStream);
        Assert.False(Bodies.Chat("\"stream\":\"true\"").IsStream);
        Assert.True(RequestTraits.Read(Operation.GenerateContent, Bodies.Of("{}"), isStream: true).IsStream);
        Assert.Equal(3, Bodies.Chat("\"n\":3").Choices);
    }

    private const int Image = (int)Modalities.Image;
    private const int Audio = (int)Modalities.Audio;
    private const int Video = (int)Modalities.Video;
    private const int Document = (int)Modalities.Document;
}
