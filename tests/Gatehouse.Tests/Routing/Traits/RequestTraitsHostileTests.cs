using System.Buffers;
using System.Text;
using Gatehouse.Pipeline;
using Gatehouse.Routing.Traits;

namespace Gatehouse.Tests.Routing.Traits;

/// <summary>Bodies that were made to break whoever reads them.</summary>
public sealed class RequestTraitsHostileTests
{
    private static readonly Operation[] Operations =
        [Operation.Chat, Operation.Responses, Operation.Messages, Operation.GenerateContent, Operation.Embeddings, Operation.CountMessageTokens];

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{")]
    [InlineData("""{"messages":[{"role":"user","content":"cut""")]
    [InlineData("""{"messages":[{"role":"user"}}""")]
    [InlineData("""{"user":"a",}""")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"\ud800","text":"\udc00\ud800"}]}],"user":"\udfff","m\ud800etadata":{},"metadata":{"\ud800":"\ud800"}}""")]
    public void What_is_no_request_is_read_without_an_exception(string json)
    {
        var body = Bodies.Of(json);
        foreach (var operation in Operations)
        {
            Ask(RequestTraits.Read(operation, body), body);
        }
    }

    [Theory]
    [InlineData(500)]
    [InlineData(100_000)]
    public void Depth_is_bounded(int depth)
    {
        var nested = string.Concat(Enumerable.Repeat("""{"type":"tool_result","content":[""", depth)) + string.Concat(Enumerable.Repeat("]}", depth));
        var arrays = new string('[', depth) + new string(']', depth);
        foreach (var json in new[]
        {
            $$"""{"messages":[{"role":"user","content":[{{nested}}]}],"user":"u"}""",
            $$"""{"tools":[{"a":{{arrays}}}],"input":{{arrays}},"metadata":{"a":{{arrays}}},"contents":[{"parts":[{"functionCall":{{arrays}}}]}]}""",
        })
        {
            var body = Bodies.Of(json);
            foreach (var operation in Operations)
            {
                Ask(RequestTraits.Read(operation, body), body);
            }
        }
    }

    [Fact]
    public void Bytes_that_are_no_text_do_no_harm()
    {
        var bytes = Encoding.Latin1.GetBytes("{\"user\":\"\u00ff\u00fe\",\"messages\":[{\"role\":\"user\",\"content\":\"\u00c3\\n\u00e2\"}],\"\u00ff\\n\":1}");
        var body = new ReadOnlySequence<byte>(bytes);
        var traits = RequestTraits.Read(Operation.Chat, body);
        Assert.Equal("��", traits.User);
        Assert.Equal("�\n�", traits.LastUserText(body));
    }

    [Fact]
    public void A_body_of_the_largest_size_is_read_in_pieces_and_little_is_kept()
    {
        var image = new string('A', 24 * 1024 * 1024);
        var text = string.Concat(Enumerable.Repeat("\\n\\u00e9x", 600_000));
        var bytes = Encoding.UTF8.GetBytes(
            $$$"""{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,{{{image}}}"}},{"type":"text","text":"{{{text}}}"}]}],"user":"u"}""");
        var body = Bodies.Cut(bytes, 4096);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var traits = RequestTraits.Read(Operation.Chat, body);
        var last = traits.LastUserText(body);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 256 * 1024);
        // A line 0.5, a letter of two bytes 0.4, a word of one letter 0.8; one message, one answer.
        Assert.Equal(1007 + (600_000 * 17 / 10), traits.InputTokens);
        Assert.Equal("u", traits.User);
        Assert.EndsWith("\néx", last, StringComparison.Ordinal);
    }

    [Fact]
    public void Wherever_the_bytes_are_cut_the_traits_are_the_same()
    {
        const string Json = """
            {"m\u0065ssages":[{"role":"system","content":"S\u00e9\ud83d\ude00"},{"role":"us\u0065r","content":[{"type":"text","text":"a\n\ud83d\ude00b"},
            {"type":"image_url","image_url":{"url":"u\/v"}}]}],"tools":[{"type":"function","function":{"name":"f\u0020","parameters":{"x":1.5e3}}}],
            "max_tokens":123,"user":"\u0075ser","metadata":{"k\u0065y":"v\u00e4"},"reasoning_effort":"h\u0069gh","response_format":{"type":"json\u005fschema"}}
            """;
        var bytes = Encoding.UTF8.GetBytes(Json);
        var whole = new ReadOnlySequence<byte>(bytes);
        var expected = Describe(RequestTraits.Read(Operation.Chat, whole), whole);
        Assert.Contains("user=user", expected, StringComparison.Ordinal);
        Assert.Contains("schema=True", expected, StringComparison.Ordinal);
        for (var length = 1; length < bytes.Length; length += length < 16 ? 1 : 17)
        {
            var body = Bodies.Cut(bytes, length);
            Assert.Equal(expected, Describe(RequestTraits.Read(Operation.Chat, body), body));
        }
    }

    [Fact]
    public void Random_changes_of_requests_are_read_without_an_exception()
    {
        var seeds = new[]
        {
            """{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"u"}},{"type":"text","text":"\u00e9"}]}],"tools":[{"function":{"name":"f"}}],"metadata":{"a":"b"},"n":1}""",
            """{"system":[{"type":"text","text":"s"}],"messages":[{"role":"user","content":[{"type":"document","source":{"type":"content","content":[{"type":"text","text":"t"}]}}]}],"thinking":{"type":"enabled"},"metadata":{"user_id":"u"}}""",
            """{"contents":[{"parts":[{"inlineData":{"mimeType":"image/png","data":"A"}},{"functionResponse":{"name":"f","parts":[]}}]}],"generationConfig":{"thinkingConfig":{"thinkingBudget":1}},"labels":{}}""",
            """{"input":[{"type":"function_call_output","output":[{"type":"input_image"}]},{"role":"user","content":"x"}],"text":{"format":{"type":"json_schema"}},"instructions":"i"}""",
        };
        var random = new Random(4);
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = Encoding.UTF8.GetBytes(seeds[i % seeds.Length]);
            for (var changes = random.Next(1, 5); changes > 0; changes--)
            {
                bytes[random.Next(bytes.Length)] = random.Next(3) == 0 ? (byte)random.Next(256) : (byte)"{}[]\",:\\u0dtn1-"[random.Next(15)];
            }

            var body = i % 2 == 0 ? new ReadOnlySequence<byte>(bytes) : Bodies.Cut(bytes, random.Next(1, 20));
            Ask(RequestTraits.Read(Operations[i / 4 % Operations.Length], body), body);
        }
    }

    private static string Describe(RequestTraits traits, ReadOnlySequence<byte> body) =>
        $"{traits.InputTokens} {traits.MaxOutputTokens} {traits.Modalities} {traits.ToolCount} {traits.TurnCount} {traits.PromptPrefix} user={traits.User} "
        + $"schema={traits.WantsStructuredOutput} {traits.WantsReasoning} {traits.LastUserText(body)} {string.Join(';', traits.Metadata(body))}";

    private static void Ask(RequestTraits traits, ReadOnlySequence<byte> body)
    {
        Assert.True(traits.InputTokens >= 1);
        Assert.True(traits.LastUserText(body).Length <= UserText.MaxBytes);
        Assert.NotNull(traits.Metadata(body));
    }
}
