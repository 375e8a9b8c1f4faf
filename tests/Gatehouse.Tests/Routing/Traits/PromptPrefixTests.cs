using Gatehouse.Pipeline;

namespace Gatehouse.Tests.Routing.Traits;

/// <summary>The beginning of a conversation is the same in all of its turns, and another in another conversation.</summary>
public sealed class PromptPrefixTests
{
    private const string System = """{"role":"system","content":"You help."}""";
    private const string First = """{"role":"user","content":"Hello there"}""";

    [Theory]
    // A grown conversation.
    [InlineData("chat", $$$"""{"messages":[{{{System}}},{{{First}}}]}""", $$$"""{"messages":[{{{System}}},{{{First}}},{"role":"assistant","content":"Hi"},{"role":"user","content":"More"}],"temperature":1}""")]
    // Order, white space, escapes, parts instead of a text.
    [InlineData("chat", $$$"""{"tools":[{"type":"function","function":{"name":"f"}}],"messages":[{{{System}}},{{{First}}}]}""", """{ "messages" : [ {"content":"You\u0020help.","role":"system"}, {"role":"user","content":[{"text":"Hello there","type":"text"}]} ], "tools" : [ {"type" : "function", "function":{"name":"\u0066"}} ]}""")]
    [InlineData("responses", """{"input":"Hello"}""", """{"input":[{"role":"user","content":[{"type":"input_text","text":"Hello"}]},{"role":"assistant","content":"x"}]}""")]
    // The mark of what to cache wanders with the turns.
    [InlineData("anthropic", """{"system":"S","tools":[{"name":"f","cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}]}]}""", """{"system":[{"type":"text","text":"S"}],"tools":[{"name":"f"}],"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"}]}""")]
    [InlineData("gemini", """{"systemInstruction":{"parts":[{"text":"S"}]},"contents":[{"role":"user","parts":[{"text":"a"}]}]}""", """{"contents":[{"parts":[{"text":"a"}]},{"role":"model","parts":[{"text":"b"}]}],"system_instruction":{"parts":[{"text":"S"}]}}""")]
    public void It_stays(string dialect, string first, string second)
    {
        var prefix = Bodies.Read(Bodies.Named(dialect), first).PromptPrefix;
        Assert.NotEqual(0UL, prefix);
        Assert.Equal(prefix, Bodies.Read(Bodies.Named(dialect), second).PromptPrefix);
    }

    [Theory]
    [InlineData("""{"messages":[{"role":"system","content":"You help!"},{"role":"user","content":"Hello there"}]}""")]
    [InlineData("""{"messages":[{"role":"system","content":"You help."},{"role":"user","content":"Hello There"}]}""")]
    [InlineData("""{"messages":[{"role":"user","content":"You help."},{"role":"user","content":"Hello there"}]}""")]
    [InlineData("""{"messages":[{"role":"system","content":"You help.Hello there"}]}""")]
    [InlineData("""{"messages":[{"role":"system","content":"You help."},{"role":"user","content":"Hello there"}],"tools":[{"name":"f"}]}""")]
    [InlineData("""{"messages":[{"role":"system","content":"You help."},{"role":"user","content":"Hello there"}],"prompt_cache_key":"k"}""")]
    [InlineData("""{"messages":[{"role":"system","content":"You help."},{"role":"user","content":[{"type":"text","text":"Hello there"},{"type":"image_url","image_url":{"url":"u"}}]}]}""")]
    public void It_differs(string other) =>
        Assert.NotEqual(Bodies.Read(Operation.Chat, $$$"""{"messages":[{{{System}}},{{{First}}}]}""").PromptPrefix, Bodies.Read(Operation.Chat, other).PromptPrefix);

    [Fact]
    public void There_is_none_where_nothing_is_said() => Assert.Equal(0UL, Bodies.Chat("\"messages\":[]").PromptPrefix);

    /// <summary>Replicas of other releases must come to the same.</summary>
    [Fact]
    public void It_is_the_same_in_every_process() =>
        Assert.Equal(PinnedPrefix, Bodies.Read(Operation.Chat, $$$"""{"messages":[{{{System}}},{{{First}}}]}""").PromptPrefix);

    private const ulong PinnedPrefix = 8176314245903682478;
}
