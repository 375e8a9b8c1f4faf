using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Tests.Generators;

namespace Gatehouse.Protocols.Tests.Dialects.OpenAi;

public sealed class OpenAiAnswerFactsTests
{
    /// <summary>JSON of the names that are looked at, with any values in any place.</summary>
    private static readonly Gen<string> Answer = AnswerOf(depth: 4);

    [Theory]
    // The chunk that stream_options.include_usage adds.
    [InlineData("""{"id":"c","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}""", ChunkTraits.UsageOnly)]
    [InlineData("""{"usage":{"prompt_tokens":1},"choices":[ ]}""", ChunkTraits.UsageOnly)]
    [InlineData("""{"choices":[{"delta":{}}],"usage":{"prompt_tokens":1}}""", ChunkTraits.None)]
    [InlineData("""{"choices":[],"usage":null}""", ChunkTraits.None)]
    [InlineData("""{"choices":[],"usage":{}}""", ChunkTraits.None)]
    // Azure's first chunk: no choices, and content filter results in it.
    [InlineData("""{"choices":[],"prompt_filter_results":[{}]}""", ChunkTraits.None)]
    [InlineData("""{"usage":{"prompt_tokens":1}}""", ChunkTraits.None)]
    [InlineData("""{"choices":null,"usage":{"prompt_tokens":1}}""", ChunkTraits.None)]
    [InlineData("""{"error":{"message":"m"}}""", ChunkTraits.Error)]
    [InlineData("""{"error":{}}""", ChunkTraits.Error)]
    [InlineData("""{"error":"m"}""", ChunkTraits.Error)]
    [InlineData("""{"error":null,"choices":[{}]}""", ChunkTraits.None)]
    [InlineData("""{"error":false}""", ChunkTraits.None)]
    [InlineData("""{"type":"error","error":{"type":"overloaded_error","message":"m"}}""", ChunkTraits.Error)]
    [InlineData("""{"type":"response.completed","response":{}}""", ChunkTraits.Last)]
    [InlineData("""{"type":"response.incomplete"}""", ChunkTraits.Last)]
    [InlineData("""{"type":"response.failed"}""", ChunkTraits.Last | ChunkTraits.Error)]
    [InlineData("""{"type":"error","message":"x"}""", ChunkTraits.Error)]
    [InlineData("""{"type":"message_stop"}""", ChunkTraits.Last)]
    [InlineData("""{"type":"response.created"}""", ChunkTraits.None)]
    [InlineData("""{"type":"response.completed.not"}""", ChunkTraits.None)]
    [InlineData("""{"type":"\ud800esponse.completed"}""", ChunkTraits.None)]
    [InlineData("""{"type":["response.completed"]}""", ChunkTraits.None)]
    [InlineData("""{"item":{"type":"response.completed","error":"m"}}""", ChunkTraits.None)]
    [InlineData("{}", ChunkTraits.None)]
    [InlineData("[1]", ChunkTraits.None)]
    [InlineData("\"error\"", ChunkTraits.None)]
    public void A_chunk_is_known_by_its_members(string chunk, ChunkTraits expected)
    {
        Assert.True(new OpenAiAnswerFacts().Read(Encoding.UTF8.GetBytes(chunk), out var traits));
        Assert.Equal(expected, traits);
    }

    [Fact]
    public void What_an_answer_says_of_itself_is_kept()
    {
        var facts = Read("""{"id":"chatcmpl-1","object":"chat.completion","model":"gpt-5-2025","choices":[{"index":0,"message":{"role":"assistant","content":"h\u00e9"},"finish_reason":"stop"}]}""");

        Assert.Equal("chatcmpl-1", facts.Id);
        Assert.Equal("gpt-5-2025", facts.Model);
        Assert.Equal("stop", facts.FinishReason);
        Assert.Null(facts.ErrorMessage);
        Assert.Null(facts.Usage);
    }

    [Fact]
    public void The_first_id_and_model_and_the_last_finish_reason_of_a_stream_are_kept()
    {
        var facts = Read(
            """{"id":"a","model":"m","choices":[{"delta":{"role":"assistant"},"finish_reason":null}]}""",
            """{"id":"b","model":"n","choices":[{"delta":{"content":"x"},"finish_reason":null}]}""",
            """{"id":"c","model":"o","choices":[{"delta":{},"finish_reason":"length"}]}""",
            """{"id":"d","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1}}""");

        Assert.Equal(("a", "m", "length"), (facts.Id, facts.Model, facts.FinishReason));
    }

    [Theory]
    [InlineData("""{"error":{"message":"too much","type":"t","code":null}}""", "too much")]
    [InlineData("""{"error":"too much"}""", "too much")]
    [InlineData("""{"error":{"code":500}}""", "The provider reported an error.")]
    [InlineData("""{"error":{"message":{"a":[1]}}}""", "The provider reported an error.")]
    [InlineData("""{"error":{"message":"\ud800"}}""", "The provider reported an error.")]
    public void The_providers_own_words_of_an_error_are_kept(string chunk, string message) => Assert.Equal(message, Read(chunk).ErrorMessage);

    [Theory]
    [InlineData("""{"choices":[{"delta":{"content":"abc"}}]}""", 3)]
    [InlineData("""{"choices":[{"delta":{"role":"assistant","content":""}}]}""", 0)]
    [InlineData("""{"choices":[{"delta":{"content":"ab"}},{"delta":{"content":"c"}}]}""", 3)]
    [InlineData("""{"choices":[{"delta":{"reasoning_content":"abcd","content":null}}]}""", 4)]
    [InlineData("""{"choices":[{"text":"abc"}]}""", 3)]
    [InlineData("""{"choices":[{"message":{"role":"assistant","content":"abc","refusal":null}}]}""", 3)]
    [InlineData("""{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":"{}"}}]}}]}""", 3)]
    [InlineData("""{"type":"response.output_text.delta","delta":"abc"}""", 3)]
    [InlineData("""{"type":"content_block_delta","delta":{"type_":0,"text":"abc"}}""", 3)]
    [InlineData("""{"choices":[{"delta":{"content":["\u4e16"]}}]}""", 0)]
    [InlineData("""{"type":"content_block_delta","delta":{"type":"text_delta","text":"abc"}}""", 3)]
    public void Generated_text_is_counted_in_bytes(string chunk, long bytes) => Assert.Equal(bytes, Read(chunk).TextBytes);

    [Theory]
    [InlineData("""{"choices":[{"delta":{"role":"assistant","content":""},"finish_reason":null}]}""", false)]
    [InlineData("""{"choices":[{"delta":{"role":"assistant","content":null,"tool_calls":[],"annotations":[]}}]}""", false)]
    [InlineData("""{"choices":[],"usage":{"prompt_tokens":1}}""", false)]
    [InlineData("""{"choices":[{"delta":{"content":"a"}}]}""", true)]
    [InlineData("""{"choices":[{"delta":{"audio":{"id":"a"}}}]}""", true)]
    [InlineData("""{"choices":[{"delta":{"reasoning_details":[{"type":"reasoning.text"}]}}]}""", true)]
    [InlineData("""{"type":"message_start","message":{"id":"m","content":[]}}""", false)]
    [InlineData("""{"type":"ping"}""", false)]
    [InlineData("""{"type":"content_block_start","content_block":{"type":"text","text":""}}""", false)]
    [InlineData("""{"type":"content_block_start","content_block":{"type":"thinking","thinking":""}}""", false)]
    [InlineData("""{"type":"content_block_start","content_block":{"type":"tool_use","id":"t"}}""", true)]
    [InlineData("""{"type":"response.created","response":{"id":"r","output":[]}}""", false)]
    [InlineData("""{"type":"response.output_item.added","item":{"id":"i","type":"reasoning","summary":[]}}""", false)]
    [InlineData("""{"type":"response.output_item.added","item":{"id":"i","type":"function_call"}}""", true)]
    public void Content_is_told_from_what_only_begins_an_answer(string chunk, bool hasContent) => Assert.Equal(hasContent, Read(chunk).HasContent);

    [Theory]
    // Whatever stands where text or a role should: the rest of the chunk is read all the same.
    [InlineData("""{"choices":[{"delta":{"role":[[1],[2]],"content":"x"}}],"usage":{"prompt_tokens":1},"model":"m"}""")]
    [InlineData("""{"choices":[{"delta":{"role":{"a":{"b":1}}}}],"usage":{"prompt_tokens":1},"model":"m"}""")]
    [InlineData("""{"choices":[{"delta":{"content":{"a":[1]},"tool_calls":{"a":1}}}],"usage":{"prompt_tokens":1},"model":"m"}""")]
    [InlineData("""{"choices":[{"delta":{"tool_calls":[{"function":{"name":["a"],"arguments":{"b":["c"]}}},[[]]]}}],"usage":{"prompt_tokens":1},"model":"m"}""")]
    [InlineData("""{"choices":[1,[2,[]],{"delta":[[]],"finish_reason":{"x":[]},"text":[["a"]]}],"usage":{"prompt_tokens":1},"model":"m"}""")]
    [InlineData("""{"error":{"message":[[]],"x":[{}]},"type":{"a":[]},"delta":[{}],"id":[[]],"usage":{"prompt_tokens":1},"model":"m"}""")]
    [InlineData("""{"\ud800":1,"\ud800odel":2,"usage":{"\ud800":3,"prompt_tokens":1},"model":"m"}""")]
    public void Odd_shapes_do_not_hide_what_follows(string chunk)
    {
        var facts = Read(chunk);
        Assert.Equal(1, facts.Usage?.InputTokens);
        Assert.Equal("m", facts.Model);
    }

    [Fact]
    public void Any_JSON_is_read_to_its_end_and_its_model_and_id_are_those_that_a_parser_finds() => Properties.Hold(
        Answer,
        text =>
        {
            var facts = new OpenAiAnswerFacts();
            Assert.True(facts.Read(Encoding.UTF8.GetBytes(text), out _), "JSON, and not accepted");

            using var document = JsonDocument.Parse(text);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                // The first that is a string; the Responses API has its model inside of "response".
                Assert.Equal(First(document.RootElement, "id"), facts.Id);
            }
        },
        count: 3000);

    [Fact]
    public void Mutated_JSON_and_random_bytes_never_throw() => Properties.Hold(
        Gen.OneOf(JsonTexts.Mutated(Answer), Gen.Choose(0, 255).Select(b => (byte)b).ArrayOf()),
        bytes =>
        {
            var reader = new Utf8JsonReader(bytes, new JsonReaderOptions { MaxDepth = 512 });
            var isJson = true;
            try
            {
                while (reader.Read())
                {
                }
            }
            catch (JsonException)
            {
                isJson = false;
            }

            Assert.Equal(isJson, new OpenAiAnswerFacts().Read(bytes, out _));
        },
        count: 4000);

    private static OpenAiAnswerFacts Read(params string[] chunks)
    {
        var facts = new OpenAiAnswerFacts();
        Assert.All(chunks, chunk => Assert.True(facts.Read(Encoding.UTF8.GetBytes(chunk), out _)));
        return facts;
    }

    private static string? First(JsonElement element, string name) => element.EnumerateObject()
        .Where(member => member.Name == name && member.Value.ValueKind == JsonValueKind.String)
        .Select(member => member.Value.GetString())
        .FirstOrDefault();

    private static Gen<string> AnswerOf(int depth)
    {
        var name = Gen.Elements(
            "choices", "usage", "x_groq", "response", "message", "error", "model", "id", "type", "delta", "finish_reason", "text", "role", "content",
            "tool_calls", "function", "name", "arguments", "prompt_tokens", "completion_tokens", "total_tokens", "prompt_tokens_details",
            "completion_tokens_details", "cached_tokens", "reasoning_tokens").Select(text => $"\"{text}\"");
        var scalar = Gen.Elements("1", "-1", "1.5", "99999999999999999999", "\"response.completed\"", "\"x\"", "null", "true", "[]", "{}");
        if (depth == 0)
        {
            return scalar;
        }

        var inner = AnswerOf(depth - 1);
        return Gen.Frequency(
            (1, scalar),
            (1, inner.ListOf().Resize(3).Select(items => $"[{string.Join(',', items)}]")),
            (3, (from key in name from value in inner select $"{key}:{value}").ListOf().Resize(5).Select(members => $"{{{string.Join(',', members)}}}")));
    }
}
