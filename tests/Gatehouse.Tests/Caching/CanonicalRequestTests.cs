using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gatehouse.Caching;
using Gatehouse.Pipeline;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Caching;

public sealed class CanonicalRequestTests
{
    [Theory]
    [InlineData("""{"a":1,"b":2}""", """{"b":2,"a":1}""")]
    [InlineData("""{"a":1,"b":2}""", " {\r\n\t\"a\" : 1 ,\n\"b\":2 } ")]
    [InlineData("""{"a":"x/y"}""", """{"a":"x\/y"}""")]
    [InlineData("""{"a":"é😀"}""", """{"a":"\u00e9\ud83d\ude00"}""")]
    [InlineData("""{"a":"\n"}""", """{"a":"\u000A"}""")]
    [InlineData("""{"ab":1,"ac":2}""", """{"ac":2,"\u0061b":1}""")]
    [InlineData("""{"a":1}""", """{"a":1.0}""")]
    [InlineData("""{"a":100}""", """{"a":1e2}""")]
    [InlineData("""{"a":0}""", """{"a":-0.0}""")]
    [InlineData("""{"a":0.25}""", """{"a":25E-2}""")]
    [InlineData("""{"m":[{"role":"user","content":[{"type":"text","text":"x"}]}]}""", """{"m":[{"content":[{"text":"x","type":"text"}],"role":"user"}]}""")]
    [InlineData("""{"a":1}""", """{"a":1,"user":"u1","metadata":{"x":[1,{"y":2}]},"store":false,"safety_identifier":"s"}""")]
    public void Equal_requests_are_written_alike(string one, string other) => Assert.Equal(Written(one), Written(other));

    [Theory]
    [InlineData("""{"a":"x"}""", """{"a":"X"}""")]
    [InlineData("""{"a":1}""", """{"A":1}""")]
    [InlineData("""{"a":1}""", """{"a":"1"}""")]
    [InlineData("""{"a":1}""", """{"a":1.0000000000000001}""")]
    [InlineData("""{"a":null}""", "{}")]
    [InlineData("""{"a":[1,2]}""", """{"a":[2,1]}""")]
    [InlineData("""{"a":[1,[2]]}""", """{"a":[[1],2]}""")]
    [InlineData("""{"a":[]}""", """{"a":{}}""")]
    [InlineData("""{"a":"x "}""", """{"a":"x"}""")]
    [InlineData("""{"a":"\u00e9"}""", """{"a":"e\u0301"}""")]
    [InlineData("""{"a":1,"a":2}""", """{"a":2,"a":1}""")]
    [InlineData("""{"a":"1,\"b\":2"}""", """{"a":"1","b":2}""")]
    [InlineData("""{"a":"\ud83d"}""", """{"a":"\ude00"}""")]
    [InlineData("""{"a":true}""", """{"a":false}""")]
    [InlineData("""{"m":{"user":"a"}}""", """{"m":{"user":"b"}}""")]
    public void Different_requests_are_written_differently(string one, string other) => Assert.NotEqual(Written(one), Written(other), StringComparer.Ordinal);

    [Theory]
    [InlineData("chat", """{"store":true}""")]
    [InlineData("chat", """{"store":false,"store":true}""")]
    [InlineData("responses", "{}")]
    [InlineData("responses", """{"store":true}""")]
    [InlineData("responses", """{"store":null}""")]
    [InlineData("responses", """{"store":false,"previous_response_id":"resp_1"}""")]
    [InlineData("responses", """{"store":false,"conversation":{"id":"c"}}""")]
    [InlineData("responses", """{"store":false,"background":true}""")]
    [InlineData("anthropic", """{"container":"c"}""")]
    [InlineData("anthropic", """{"mcp_servers":[{"url":"x"}]}""")]
    [InlineData("gemini", """{"cachedContent":"cachedContents/1"}""")]
    [InlineData("gemini", """{"\u0063achedContent":"cachedContents/1"}""")]
    public void What_goes_on_from_something_kept_is_not_for_a_cache(string dialect, string body) => Assert.Null(Written(body, OperationOf(dialect)));

    [Theory]
    [InlineData("chat", """{"store":false}""")]
    [InlineData("responses", """{"store":false}""")]
    [InlineData("responses", """{"store":false,"previous_response_id":null,"background":false}""")]
    [InlineData("anthropic", """{"metadata":{"user_id":"u"}}""")]
    public void What_does_not_is(string dialect, string body) => Assert.Equal(Written(dialect == "responses" ? """{"store":false}""" : "{}", OperationOf(dialect)), Written(body, OperationOf(dialect)));

    [Fact]
    public void Of_random_documents_those_are_alike_that_the_document_writer_writes_alike()
    {
        var random = new SeededRandom(7);
        var same = 0;
        for (var i = 0; i < 500; i++)
        {
            var one = Value(random, 0);
            var other = random.Next(2) == 0 ? Value(random, 0) : one.DeepClone();
            var (first, second) = ($$"""{"v":{{Shuffled(one, random)}}}""", $$"""{"v":{{Shuffled(other, random)}}}""");

            var isSame = Reference(first) == Reference(second);
            same += isSame ? 1 : 0;
            Assert.True(isSame == (Written(first) == Written(second)), $"{first} and {second}");
        }

        Assert.InRange(same, 150, 450);
    }

    [Fact]
    public void Depth_costs_no_more_than_length()
    {
        // Unsorted at each of 400 levels, and half a megabyte at the bottom: sorted one inside the other that would be copied 400 times.
        var text = new string('x', 500_000);
        var body = string.Concat(Enumerable.Repeat("""{"b":""", 400)) + $"\"{text}\"" + string.Concat(Enumerable.Repeat(""","a":1}""", 400));
        var other = string.Concat(Enumerable.Repeat("""{"a":1,"b":""", 400)) + $"\"{text}\"" + new string('}', 400);

        var written = Written(body);

        Assert.Equal(written, Written(other));
        Assert.True(written!.Length < 2 * CacheKeyText, "what lies deep is written as its hash");
        Assert.NotEqual(written, Written(other.Replace("xx\"", "xy\"", StringComparison.Ordinal)), StringComparer.Ordinal);
    }

    [Fact]
    public void An_object_with_more_members_than_anybody_needs_is_not_looked_up()
    {
        Assert.NotNull(Written($"{{{string.Join(',', Enumerable.Range(0, 4000).Select(i => $"\"{i}\":1"))}}}"));
        Assert.Null(Written($"{{{string.Join(',', Enumerable.Range(0, 5000).Select(i => $"\"{i}\":1"))}}}"));
        Assert.Null(Written($"{{\"a\":{{{string.Join(',', Enumerable.Range(0, 5000).Select(i => $"\"{i}\":1"))}}}}}"));
    }

    private const int CacheKeyText = 1000;

    private static string? Written(string json, Operation? operation = null)
    {
        using var output = KeyBuffer.Take();
        return CanonicalRequest.TryWrite(Encoding.UTF8.GetBytes(json), RequestMembers.Of(operation ?? Operation.Chat), output) ? Convert.ToHexString(output.Written) : null;
    }

    private static string Reference(string json)
    {
        using var document = JsonDocument.Parse(json);
        var output = new ArrayBufferWriter<byte>();
        CanonicalJson.Write(document.RootElement, output);
        return Convert.ToHexString(output.WrittenSpan);
    }

    private static JsonNode Value(Random random, int depth) => random.Next(depth > 11 ? 3 : 5) switch
    {
        0 => JsonValue.Create(random.Next(-3, 4)),
        1 => JsonValue.Create(new string((char)('a' + random.Next(3)), random.Next(3))),
        2 => JsonValue.Create(random.Next(2) == 0),
        3 => new JsonArray([.. Enumerable.Range(0, random.Next(3)).Select(_ => Value(random, depth + 1))]),
        _ => new JsonObject(Enumerable.Range(0, random.Next(4)).Select(i => KeyValuePair.Create<string, JsonNode?>($"{(char)('a' + i)}", Value(random, depth + 1)))),
    };

    /// <summary>The same value with its members in another order, and white space between.</summary>
    private static string Shuffled(JsonNode node, Random random) => node switch
    {
        JsonObject members => "{" + string.Join(", ", members.OrderBy(_ => random.Next()).Select(member => $"\"{member.Key}\" : {Shuffled(member.Value!, random)}")) + "}",
        JsonArray items => "[ " + string.Join(",\n", items.Select(item => Shuffled(item!, random))) + "]",
        _ => node.ToJsonString(),
    };

    private static Operation OperationOf(string dialect) => dialect switch
    {
        "responses" => Operation.Responses,
        "anthropic" => Operation.Messages,
        "gemini" => Operation.GenerateContent,
        _ => Operation.Chat,
    };
}
