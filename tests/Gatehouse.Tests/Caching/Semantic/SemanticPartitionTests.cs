using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using FsCheck.Fluent;
using Gatehouse.Caching.Semantic;
using Gatehouse.Pipeline;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Caching.Semantic;

public sealed class SemanticPartitionTests
{
    private const string Chat = """
        {"model":"m","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi","name":"ann"},{"role":"assistant","content":[{"type":"text","text":"Hello"}]},
         {"role":"user","content":[{"type":"text","text":"A document"},{"type":"text","text":"QUESTION"}]}],
         "temperature":0.5,"top_p":0.9,"max_tokens":100,"seed":7,"stop":["x"],"logprobs":true,"top_logprobs":2,"tool_choice":"auto","service_tier":"auto","unknown":{"a":[1,null]},
         "response_format":{"type":"json_schema","json_schema":{"name":"s","schema":{"type":"object","properties":{"cache_control":{"type":"string"}}}}},
         "tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object","properties":{"cache_control":{"type":"string"}}}}}]}
        """;

    private const string Responses = """
        {"model":"m","instructions":"Be brief.","input":[{"role":"user","content":"Hi"},{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Hello"}]},
         {"role":"user","content":[{"type":"input_text","text":"QUESTION"}]}],"temperature":0,"reasoning":{"effort":"low"},"text":{"format":{"type":"text"},"verbosity":"low"},
         "tools":[{"type":"function","name":"f","parameters":{}}],"max_output_tokens":9,"truncation":"auto"}
        """;

    private const string Messages = """
        {"model":"m","system":[{"type":"text","text":"Be brief."}],"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"s"},{"type":"text","text":"Hello"}]},
         {"role":"user","content":[{"type":"text","text":"QUESTION"}]}],"max_tokens":9,"temperature":1,"top_k":3,"stop_sequences":["a"],"tool_choice":{"type":"auto"},
         "tools":[{"name":"f","description":"d","input_schema":{"type":"object"}}],"thinking":{"type":"disabled"}}
        """;

    private const string Gemini = """
        {"systemInstruction":{"parts":[{"text":"Be brief."}]},"contents":[{"role":"user","parts":[{"text":"Hi"}]},{"role":"model","parts":[{"text":"Hello","thoughtSignature":"x"}]},{"role":"user","parts":[{"text":"QUESTION"}]}],
         "generationConfig":{"temperature":0.2,"topP":0.5,"responseModalities":["TEXT"],"candidateCount":1,"responseSchema":{"type":"OBJECT"}},"safetySettings":[{"category":"c","threshold":"t"}],
         "tools":[{"functionDeclarations":[{"name":"f"}]}],"toolConfig":{"functionCallingConfig":{"mode":"AUTO"}}}
        """;

    private static readonly Dictionary<string, (Operation Operation, string Body)> Dialects = new(StringComparer.Ordinal)
    {
        ["chat"] = (Operation.Chat, Chat),
        ["responses"] = (Operation.Responses, Responses),
        ["messages"] = (Operation.Messages, Messages),
        ["gemini"] = (Operation.GenerateContent, Gemini),
    };

    public static TheoryData<string> Names() => new(Dialects.Keys);

    [Theory]
    [MemberData(nameof(Names))]
    public void Only_the_last_text_is_outside_of_the_partition(string dialect)
    {
        var (operation, body) = Dialects[dialect];

        var query = Of(operation, body);

        Assert.Equal("QUESTION", query?.Text);
        var other = Of(operation, body.Replace("QUESTION", "Ein anderer \\u0022Text\\u0022", StringComparison.Ordinal));
        Assert.Equal("Ein anderer \"Text\"", other?.Text);
        Assert.Equal(query?.Partition, other?.Partition);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Whatever_else_is_changed_changes_the_partition(string dialect)
    {
        var (operation, body) = Dialects[dialect];
        var original = Of(operation, body)!.Partition;
        var places = Places(JsonNode.Parse(body)!).Count;
        Assert.True(places > 20);
        var eligible = 0;
        Properties.Hold(Gen.Choose(0, int.MaxValue), seed =>
        {
            var random = new SeededRandom(seed);
            var root = JsonNode.Parse(body)!;
            var all = Places(root);
            var (parent, key) = all[random.Next(all.Count)];
            Change(parent, key, random);
            var query = Of(operation, root.ToJsonString());
            Assert.NotEqual(original, query?.Partition);
            eligible += query is null ? 0 : 1;
        }, count: 2_000);
        Assert.True(eligible > 400, $"{eligible} of the changed requests are eligible");
    }

    [Fact]
    public void Who_asks_and_how_the_answer_is_sent_makes_no_difference()
    {
        var original = Of(Operation.Chat, Chat)!.Partition;
        var changed = JsonNode.Parse(Chat)!.AsObject();
        foreach (var (name, value) in (ReadOnlySpan<(string, string)>)
            [("stream", "true"), ("stream_options", "{\"include_usage\":true}"), ("user", "\"u\""), ("metadata", "{\"a\":\"b\"}"), ("safety_identifier", "\"s\""), ("store", "false"), ("prompt_cache_key", "\"k\""), ("cache_control", "{}")])
        {
            changed[name] = JsonNode.Parse(value);
        }

        var mark = """{"type":"ephemeral"}""";
        changed["messages"]![0]!["cache_control"] = JsonNode.Parse(mark);
        changed["messages"]![2]!["content"]![0]!["cache_control"] = JsonNode.Parse(mark);
        changed["messages"]![3]!["content"]![1]!["cache_control"] = JsonNode.Parse(mark);
        changed["tools"]![0]!["cache_control"] = JsonNode.Parse(mark);
        changed["temperature"] = JsonNode.Parse("5e-1");
        Assert.Equal(original, Of(Operation.Chat, changed.ToJsonString())?.Partition);
        var backwards = new JsonObject(changed.Reverse().Select(member => KeyValuePair.Create(member.Key, member.Value?.DeepClone())));
        Assert.Equal(original, Of(Operation.Chat, backwards.ToJsonString())?.Partition);

        // The same name within a schema is what the caller wants to know.
        changed["tools"]![0]!["function"]!["parameters"]!["properties"]!.AsObject().Remove("cache_control");
        Assert.NotEqual(original, Of(Operation.Chat, changed.ToJsonString())?.Partition);

        var messages = JsonNode.Parse(Messages)!;
        messages["metadata"] = JsonNode.Parse("""{"user_id":"u"}""");
        messages["system"]![0]!["cache_control"] = JsonNode.Parse(mark);
        Assert.Equal(Of(Operation.Messages, Messages)!.Partition, Of(Operation.Messages, messages.ToJsonString())?.Partition);
    }

    [Fact]
    public void Scopes_and_operations_never_share()
    {
        const string Body = """{"model":"m","messages":[{"role":"user","content":"q"}]}""";
        PartitionHash?[] all =
        [
            Of(Operation.Chat, Body)?.Partition, Of(Operation.Messages, Body)?.Partition, Of(Operation.Chat, Body, "a")?.Partition, Of(Operation.Chat, Body, "b")?.Partition,
            Of(Operation.Chat, Body.Replace("\"q\"", "[{\"type\":\"text\",\"text\":\"q\"}]", StringComparison.Ordinal))?.Partition,
            Of(Operation.Responses, """{"model":"m","input":"q"}""")?.Partition, Of(Operation.Responses, """{"model":"m","input":[{"role":"user","content":"q"}]}""")?.Partition,
        ];
        Assert.DoesNotContain(null, all);
        Assert.Equal(all.Length, all.Distinct().Count());
    }

    [Theory]
    [InlineData("""{"messages":[{"role":"user","content":"q"}],"temperature":0.71}""")]
    [InlineData("""{"messages":[{"role":"user","content":"q"}]}""")]
    [InlineData("""{"messages":[{"role":"user","content":"q"}],"temperature":"0"}""")]
    public void Not_above_the_temperature_of_the_route(string body)
    {
        Assert.Null(Of(Operation.Chat, body, maxTemperature: 0.7));
        Assert.Equal(body.Contains("\"0\"", StringComparison.Ordinal), Of(Operation.Chat, body, maxTemperature: 1) is null);
        Assert.NotNull(Of(Operation.Chat, """{"messages":[{"role":"user","content":"q"}],"temperature":0.7}""", maxTemperature: 0.7));
    }

    [Theory]
    [InlineData("chat", "n", "2")]
    [InlineData("chat", "tool_choice", "\"required\"")]
    [InlineData("chat", "tool_choice", """{"type":"function","function":{"name":"f"}}""")]
    [InlineData("chat", "function_call", """{"name":"f"}""")]
    [InlineData("chat", "modalities", """["text","audio"]""")]
    [InlineData("chat", "web_search_options", "{}")]
    [InlineData("chat", "messages", "[]")]
    [InlineData("chat", "messages", """[{"role":"user","content":""}]""")]
    [InlineData("chat", "messages", """[{"role":"user","content":"\ud800"}]""")]
    [InlineData("chat", "messages", """[{"role":"user","content":"q"},{"role":"assistant","content":"prefix"}]""")]
    [InlineData("chat", "messages", """[{"role":"user","content":[{"type":"image_url","image_url":{"url":"u"}},{"type":"text","text":"q"}]}]""")]
    [InlineData("chat", "messages", """[{"role":"user","content":[{"type":"input_audio","input_audio":{}}]},{"role":"assistant","content":"a"},{"role":"user","content":"q"}]""")]
    [InlineData("chat", "messages", """[{"role":"user","content":[{"type":"file","file":{}},{"type":"text","text":"q"}]}]""")]
    [InlineData("chat", "messages", """[{"role":"assistant","tool_calls":[{"id":"1"}]},{"role":"tool","content":"r","tool_call_id":"1"},{"role":"user","content":"q"}]""")]
    [InlineData("chat", "messages", """[{"role":"user","content":"q","content":"r"}]""")]
    [InlineData("chat", "messages", """[{"role":"user","content":[{"type":"text","text":"q","text":"r"}]}]""")]
    [InlineData("responses", "input", """[{"type":"function_call","name":"f"},{"role":"user","content":"q"}]""")]
    [InlineData("responses", "input", """[{"role":"user","content":[{"type":"input_image","image_url":"u"},{"type":"input_text","text":"q"}]}]""")]
    [InlineData("responses", "previous_response_id", "\"resp_1\"")]
    [InlineData("responses", "background", "true")]
    [InlineData("responses", "tools", """[{"type":"web_search"}]""")]
    [InlineData("messages", "tool_choice", """{"type":"any"}""")]
    [InlineData("messages", "tools", """[{"type":"web_search_20250305","name":"web_search"}]""")]
    [InlineData("messages", "mcp_servers", """[{"url":"u"}]""")]
    [InlineData("messages", "system", """[{"type":"image"}]""")]
    [InlineData("messages", "messages", """[{"role":"user","content":[{"type":"tool_result","tool_use_id":"1"},{"type":"text","text":"q"}]}]""")]
    [InlineData("messages", "messages", """[{"role":"user","content":[{"type":"document","source":{}},{"type":"text","text":"q"}]}]""")]
    [InlineData("gemini", "contents", """[{"role":"user","parts":[{"inlineData":{}},{"text":"q"}]}]""")]
    [InlineData("gemini", "contents", """[{"role":"user","parts":[{"text":"q","file_data":{}}]}]""")]
    [InlineData("gemini", "contents", """[{"role":"model","parts":[{"functionCall":{}}]},{"role":"user","parts":[{"text":"q"}]}]""")]
    [InlineData("gemini", "generationConfig", """{"candidateCount":2}""")]
    [InlineData("gemini", "generationConfig", """{"responseModalities":["TEXT","IMAGE"]}""")]
    [InlineData("gemini", "generation_config", """{"temperature":2}""")]
    [InlineData("gemini", "tools", """[{"googleSearch":{}}]""")]
    [InlineData("gemini", "toolConfig", """{"functionCallingConfig":{"mode":"ANY"}}""")]
    [InlineData("gemini", "cachedContent", "\"cachedContents/1\"")]
    public void What_must_be_answered_anew_has_no_partition(string dialect, string name, string value)
    {
        var (operation, body) = Dialects[dialect];
        Assert.NotNull(Of(operation, body));
        var rest = JsonNode.Parse(body)!.AsObject();
        _ = rest.Remove(name);

        Assert.Null(Of(operation, $"{{\"{name}\":{value},{rest.ToJsonString()[1..]}"));
    }

    [Fact]
    public void What_is_no_conversation_has_no_partition()
    {
        Assert.Null(Of(Operation.Embeddings, """{"input":"q"}"""));
        Assert.Null(Of(Operation.CountMessageTokens, Messages));
        Assert.All((string[])["", "null", "[]", "\"x\"", "{", "{\"messages\":{}}", "{\"messages\":[1]}", "{\"messages\":[{\"role\":\"user\",\"content\":{}}]}"], body => Assert.Null(Of(Operation.Chat, body)));
        Assert.Null(Of(Operation.Chat, Chat.Replace("QUESTION", new string('x', SemanticPartition.MaxTextLength + 1), StringComparison.Ordinal)));
        Assert.Null(Of(Operation.Chat, Chat.Replace("A document", new string('x', SemanticPartition.MaxBodyLength), StringComparison.Ordinal)));
        Assert.Null(Of(Operation.Chat, "{\"messages\":" + new string('[', 10_000)));
    }

    [Fact]
    public void No_body_is_a_crash()
    {
        Properties.Hold(Gen.Choose(0, int.MaxValue), seed =>
        {
            var random = new SeededRandom(seed);
            var (operation, body) = Dialects.Values.ElementAt(random.Next(Dialects.Count));
            var root = JsonNode.Parse(body)!;
            for (var i = random.Next(4); i >= 0; i--)
            {
                var all = Places(root, also: "QUESTION");
                var (parent, key) = all[random.Next(all.Count)];
                Change(parent, key, random);
            }

            var bytes = Encoding.UTF8.GetBytes(root.ToJsonString());
            if (random.Next(2) == 0)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            _ = SemanticPartition.Of(operation, "", new ReadOnlySequence<byte>(bytes), 2);
        }, count: 2_000);
    }

    private static SemanticQuery? Of(Operation operation, string body, string scope = "", double maxTemperature = 1) =>
        SemanticPartition.Of(operation, scope, new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(body)), maxTemperature);

    /// <summary>Every member and item at any depth, but for the text that is compared.</summary>
    private static List<(JsonNode Parent, object Key)> Places(JsonNode root, string? also = null)
    {
        var places = new List<(JsonNode, object)>();
        void Add(JsonNode? node)
        {
            var children = node switch
            {
                JsonObject members => members.Select(member => ((object)member.Key, member.Value)),
                JsonArray items => items.Select((item, i) => ((object)i, item)),
                _ => [],
            };
            foreach (var (key, child) in children.ToList())
            {
                if (also is not null || child is not JsonValue value || !value.TryGetValue<string>(out var text) || text != "QUESTION")
                {
                    places.Add((node!, key));
                }

                Add(child);
            }
        }

        Add(root);
        return places;
    }

    private static void Change(JsonNode parent, object key, Random random)
    {
        var old = key is string name ? parent[name] : parent[(int)key];
        JsonNode? value = random.Next(5) switch
        {
            0 => JsonValue.Create($"changed {random.Next(10)}"),
            1 => JsonValue.Create(random.Next(2, 50) / 100.0 + 0.001),
            2 when old is JsonValue one && one.TryGetValue<string>(out var text) => JsonValue.Create(text + (random.Next(2) == 0 ? " " : "x")),
            3 when old is JsonArray items => new JsonArray([.. items.Append("more").Select(item => item?.DeepClone())]),
            3 when old is JsonObject members => new JsonObject([.. members.Where(m => m.Key != "more").Append(KeyValuePair.Create<string, JsonNode?>("more", true)).Select(m => KeyValuePair.Create(m.Key, m.Value?.DeepClone()))]),
            _ => null,
        };
        switch (parent, key)
        {
            case (JsonObject members, string member) when value is null:
                _ = members.Remove(member);
                break;
            case (JsonObject members, string member):
                members[member] = value;
                break;
            case (JsonArray items, int i) when value is null:
                items.RemoveAt(i);
                break;
            case (JsonArray items, int i):
                items[i] = value;
                break;
        }
    }
}
