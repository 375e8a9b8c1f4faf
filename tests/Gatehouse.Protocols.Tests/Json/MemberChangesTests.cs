using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FsCheck.Fluent;
using Gatehouse.Protocols.Json;
using Gatehouse.Protocols.Tests.Generators;

namespace Gatehouse.Protocols.Tests.Json;

/// <summary>Members of a body are set and taken out; the rest of it stays byte for byte.</summary>
public sealed class MemberChangesTests
{
    private static readonly string[] Paths = ["a", "b.c", "b.d", "e.f.g", "e.h", "i", "j.k"];

    [Theory]
    // defaults
    [InlineData("+t=1", """{"model":"m"}""", """{"model":"m","t":1}""")]
    [InlineData("+t=1", """{"t":0.50,"model":"m"}""", """{"t":0.50,"model":"m"}""")]
    [InlineData("+t=1", """{"t":null,"model":"m"}""", """{"model":"m","t":1}""")]
    [InlineData("+t=1", """{"t":5,"model":"m","t":null}""", """{"model":"m","t":1}""")]
    [InlineData("+t=1", """{"t":null,"model":"m","t":5}""", """{"model":"m","t":5}""")]
    [InlineData("+t=1", "{}", """{"t":1}""")]
    [InlineData("+t=1", "{ }", """{"t":1 }""")]
    // overrides
    [InlineData("!t=[1,2]", """{"t":0.5,"model":"m"}""", """{"model":"m","t":[1,2]}""")]
    [InlineData("!t=1", """{ "model" : "m" , "t" : 0.5 }""", """{ "model" : "m","t":1 }""")]
    [InlineData("!t=1", """{"\u0074":5,"t":6}""", """{"t":1}""")]
    // drops
    [InlineData("-t", """{"t":1}""", "{}")]
    [InlineData("-t", """{"t":1,"u":2}""", """{"u":2}""")]
    [InlineData("-t", """{"s":0,"t":1}""", """{"s":0}""")]
    [InlineData("-t", """{"s":0 , "t":1, "t":[{}] ,"u":2}""", """{"s":0 ,"u":2}""")]
    [InlineData("-t -u", """{"t":1,"u":2}""", "{}")]
    [InlineData("-t", """{"T":1,"x":{"t":1}}""", """{"T":1,"x":{"t":1}}""")]
    // inside objects
    [InlineData("!g.t=1 +g.p=2", """{"g":{"k":4,"t":0}}""", """{"g":{"k":4,"t":1,"p":2}}""")]
    [InlineData("!g.t=1 +g.p=2", """{"a":1}""", """{"a":1,"g":{"t":1,"p":2}}""")]
    [InlineData("!g.t=1", """{"g":null}""", """{"g":{"t":1}}""")]
    [InlineData("!g.t=1", """{"g":"high"}""", """{"g":{"t":1}}""")]
    [InlineData("+g.t=1", """{"g":"high"}""", """{"g":"high"}""")]
    [InlineData("-g.t", """{"g":{"t":1}}""", """{"g":{}}""")]
    [InlineData("-g.t", """{"a":1}""", """{"a":1}""")]
    [InlineData("-g.t", """{"g":null}""", """{"g":null}""")]
    [InlineData("!g.t=1", """{"g":{"t":5},"g":{"u":6}}""", """{"g":{"u":6,"t":1}}""")]
    [InlineData("!a.b.c=1", """{"a":{"b":{"d":2}}}""", """{"a":{"b":{"d":2,"c":1}}}""")]
    // no object
    [InlineData("!t=1", "[1]", "[1]")]
    public void Changes_are_applied(string changes, string body, string expected) => Assert.Equal(expected, Apply(Parse(changes), body));

    [Theory]
    [InlineData("""{"generation_config":{"max_output_tokens":5}}""", """{"generation_config":{"maxOutputTokens":9}}""")]
    [InlineData("""{"generationConfig":{"maxOutputTokens":5}}""", """{"generationConfig":{"maxOutputTokens":9}}""")]
    [InlineData("""{"generationConfig":{"maxOutputTokens":5},"generation_config":{}}""", """{"generation_config":{"maxOutputTokens":9}}""")]
    public void Googles_two_spellings_of_a_name_are_one(string body, string expected) =>
        Assert.Equal(expected, Apply(new MemberChanges(Changes("!generationConfig.maxOutputTokens=9"), matchesBothCases: true), body));

    [Fact]
    public void Every_body_gets_what_a_document_would_get() => Properties.Hold(
        from changes in Gen.Elements(Paths).SelectMany(path => Gen.Elements("+", "!", "-"), (path, kind) => kind + path + (kind == "-" ? "" : "=[7]")).NonEmptyListOf().Resize(5)
        from body in JsonTexts.ObjectOf(Gen.Elements("\"a\"", "\"b\"", "\"c\"", "\"d\"", "\"\\u0062\"", "\"e\"", "\"f\"", "\"h\"", "\"j\"", "\"x\"")).Resize(40)
        from cuts in Cuts.Lengths
        select (Changes: changes.DistinctBy(change => change[1..].Split('=')[0], StringComparer.Ordinal).ToArray(), Body: body, Cuts: cuts),
        example =>
        {
            var edited = Apply(new MemberChanges(example.Changes.SelectMany(Changes)), example.Body, example.Cuts);

            Assert.Equal(Sorted(Expected(example.Changes, example.Body)), Sorted(Read(edited)));
        },
        count: 500);

    /// <summary>By a document, in which of members with the same name only the last one is.</summary>
    private static JsonNode? Expected(string[] changes, string body)
    {
        var root = Read(body);
        // An object that an override puts in place of something else gets the defaults, too.
        foreach (var change in changes.OrderBy(change => change[0]))
        {
            var path = change[1..].Split('=')[0].Split('.');
            var parent = (JsonObject)root!;
            foreach (var name in path[..^1])
            {
                if (parent![name] is not JsonObject && (change[0] == '!' || (change[0] == '+' && parent[name] is null)))
                {
                    parent[name] = new JsonObject();
                }

                parent = parent[name] as JsonObject;
                if (parent is null)
                {
                    break;
                }
            }

            if (parent is null)
            {
                continue;
            }

            if (change[0] == '-')
            {
                _ = parent.Remove(path[^1]);
            }
            else if (change[0] == '!' || parent[path[^1]] is null)
            {
                parent[path[^1]] = new JsonArray("7");
            }
        }

        return root;
    }

    /// <summary>A document of its last members.</summary>
    private static JsonNode? Read(string json)
    {
        using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 512 });
        return Copy(document.RootElement);
    }

    private static JsonNode? Copy(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                var copy = new JsonObject();
                foreach (var member in element.EnumerateObject())
                {
                    copy[member.Name] = Copy(member.Value);
                }

                return copy;
            case JsonValueKind.Array:
                return new JsonArray([.. element.EnumerateArray().Select(Copy)]);
            default:
                return element.ValueKind == JsonValueKind.Null ? null : JsonValue.Create(element.GetRawText());
        }
    }

    /// <summary>Where a member is added is not said.</summary>
    private static string Sorted(JsonNode? node) => node is JsonObject members
        ? $"{{{string.Join(',', members.OrderBy(member => member.Key, StringComparer.Ordinal).Select(member => $"{member.Key}:{Sorted(member.Value)}"))}}}"
        : node?.ToJsonString() ?? "null";

    private static MemberChanges Parse(string changes) => new(Changes(changes));

    /// <summary><c>+path=value</c> is a default, <c>!path=value</c> an override, <c>-path</c> a drop.</summary>
    private static IEnumerable<MemberChange> Changes(string changes) => changes.Split(' ').Select(change =>
    {
        var parts = change[1..].Split('=');
        var kind = change[0] switch { '+' => MemberChangeKind.Default, '!' => MemberChangeKind.Override, _ => MemberChangeKind.Drop };
        return new MemberChange(parts[0], kind, parts.Length > 1 ? Encoding.UTF8.GetBytes(parts[1]) : default(ReadOnlyMemory<byte>));
    });

    private static string Apply(MemberChanges changes, string body, int[]? cuts = null)
    {
        var json = Cuts.Sequence(Encoding.UTF8.GetBytes(body), cuts ?? [int.MaxValue]);
        var spliced = new SplicedJson(json, changes.EditsFor(json));
        using var stream = new MemoryStream();
        spliced.WriteToAsync(stream, CancellationToken.None).AsTask().GetAwaiter().GetResult();
        Assert.Equal(spliced.Length, stream.Length);
        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
