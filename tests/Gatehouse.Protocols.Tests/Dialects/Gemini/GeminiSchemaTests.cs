using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Gemini;
using Gatehouse.Protocols.Tests.Recorded;
using static Gatehouse.Protocols.Tests.Dialects.Gemini.GeminiRequests;

namespace Gatehouse.Protocols.Tests.Dialects.Gemini;

/// <summary>JSON Schema in Google's own form, and back.</summary>
public sealed class GeminiSchemaTests
{
    /// <summary>The fields of the message Schema in Google's content.proto.</summary>
    private static readonly HashSet<string> Fields = new(StringComparer.Ordinal)
    {
        "type", "format", "title", "description", "nullable", "enum", "items", "maxItems", "minItems", "properties", "required", "minProperties",
        "maxProperties", "minimum", "maximum", "minLength", "maxLength", "pattern", "example", "anyOf", "propertyOrdering", "default",
    };

    [Theory]
    [InlineData("""{"type":"string","const":"a"}""", """{"type":"STRING","enum":["a"]}""", "")]
    [InlineData("""{"enum":["a","b",null]}""", """{"type":"STRING","nullable":true,"enum":["a","b"]}""", "")]
    [InlineData("""{"enum":["a",""]}""", """{"type":"STRING","enum":["a"]}""", "enum")]
    [InlineData("""{"type":"integer","const":3}""", """{"type":"INTEGER","minimum":3,"maximum":3}""", "")]
    [InlineData("""{"type":"integer","enum":[1,2]}""", """{"type":"INTEGER"}""", "enum")]
    [InlineData("""{"type":["string","null"]}""", """{"type":"STRING","nullable":true}""", "")]
    [InlineData("""{"type":["string","integer"],"description":"d"}""", """{"anyOf":[{"type":"STRING","description":"d"},{"type":"INTEGER","description":"d"}]}""", "")]
    [InlineData("""{"anyOf":[{"type":"integer"},{"type":"null"}],"description":"d","default":null}""", """{"type":"INTEGER","nullable":true,"description":"d"}""", "")]
    [InlineData(
        """{"oneOf":[{"type":"integer"},{"type":"string"},{"type":"null"}],"description":"d"}""",
        """{"anyOf":[{"type":"INTEGER","description":"d"},{"type":"STRING","description":"d"},{"type":"NULL"}]}""",
        "")]
    [InlineData(
        """{"allOf":[{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]},{"properties":{"b":{"type":"number"}},"required":["b","zzz"]}]}""",
        """{"type":"OBJECT","properties":{"a":{"type":"STRING"},"b":{"type":"NUMBER"}},"required":["a","b"]}""",
        "")]
    [InlineData("""{"type":"integer","exclusiveMinimum":0,"exclusiveMaximum":10}""", """{"type":"INTEGER","minimum":1,"maximum":9}""", "")]
    [InlineData("""{"type":"number","exclusiveMinimum":0,"multipleOf":2}""", """{"type":"NUMBER","minimum":0}""", "exclusiveMinimum multipleOf")]
    [InlineData("""{"type":"string","format":"email","minLength":1}""", """{"type":"STRING","minLength":1}""", "format")]
    [InlineData("""{"type":"string","format":"date-time"}""", """{"type":"STRING","format":"date-time"}""", "")]
    [InlineData("""{"type":"array","uniqueItems":true}""", """{"type":"ARRAY","items":{"type":"STRING"}}""", "type uniqueItems")]
    [InlineData("""{"type":"array","items":{"type":"object","additionalProperties":{"type":"string"}}}""", """{"type":"ARRAY","items":{"type":"OBJECT"}}""", "additionalProperties")]
    [InlineData("""{"type":"object","additionalProperties":true,"$comment":"x"}""", """{"type":"OBJECT"}""", "")]
    [InlineData("""{"description":"anything"}""", """{"type":"STRING","description":"anything"}""", "type")]
    [InlineData("true", """{"type":"STRING"}""", "type")]
    [InlineData("""{"$ref":"#/$defs/p","description":"mine"}""", """{"type":"OBJECT","description":"mine","properties":{"n":{"type":"STRING"}}}""", "")]
    [InlineData("""{"$ref":"https://e.org/s"}""", """{"type":"STRING"}""", "$ref type")]
    public void A_property_keeps_what_Gemini_knows(string schema, string expected, string lost)
    {
        var parameters = Parse("""{"type":"object","properties":{"p":SCHEMA},"$defs":{"p":{"type":"object","description":"its","properties":{"n":{"type":"string"}}}}}"""
            .Replace("SCHEMA", schema, StringComparison.Ordinal));
        var written = Reduce(parameters, out var dropped);
        AssertJson(expected, written.GetProperty("properties").GetProperty("p"));
        Assert.Equal(
            lost.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(k => "tools[0].parameters." + k).Order(StringComparer.Ordinal),
            dropped.Order(StringComparer.Ordinal), StringComparer.Ordinal);
    }

    [Fact]
    public void Choices_at_the_root_become_one_object()
    {
        var written = Reduce(
            Parse("""{"type":"object","required":["k"],"properties":{"k":{"type":"string"}},"anyOf":[{"properties":{"a":{"type":"string"}},"required":["a"]},{"properties":{"b":{"type":"string"}}}]}"""),
            out var dropped);
        AssertJson("""{"type":"OBJECT","properties":{"a":{"type":"STRING"},"b":{"type":"STRING"},"k":{"type":"STRING"}},"required":["k"]}""", written);
        Assert.Equal(["tools[0].parameters.anyOf"], dropped);
    }

    [Fact]
    public void A_reference_to_itself_is_written_out_a_few_times()
    {
        var written = Reduce(
            Parse("""{"type":"object","properties":{"root":{"$ref":"#/$defs/n"}},"$defs":{"n":{"type":"object","properties":{"v":{"type":"string"},"next":{"$ref":"#/$defs/n"}}}}}"""),
            out var dropped);
        AssertJson(
            """
            {"type":"OBJECT","properties":{"root":{"type":"OBJECT","properties":{"v":{"type":"STRING"},"next":{"type":"OBJECT","properties":{
              "v":{"type":"STRING"},"next":{"type":"OBJECT"}}}}}}}
            """,
            written);
        Assert.Equal(["tools[0].parameters.$ref"], dropped);
    }

    [Fact]
    public void References_that_fan_out_are_bounded()
    {
        var properties = string.Join(',', Enumerable.Range(0, 30).Select(j => $"\"p{j}\":{{\"$ref\":\"#/$defs/d{j}\"}}"));
        var definitions = string.Join(',', Enumerable.Range(0, 30).Select(i => $"\"d{i}\":{{\"type\":\"object\",\"properties\":{{{properties}}}}}"));
        var written = Reduce(Parse($"{{\"$ref\":\"#/$defs/d0\",\"$defs\":{{{definitions}}}}}"), out var dropped);
        Assert.Contains("tools[0].parameters.$ref", dropped, StringComparer.Ordinal);
        Assert.InRange(written.GetRawText().Length, 1, 2_000_000);
    }

    [Fact]
    public void A_function_without_parameters_declares_none()
    {
        var request = Foreign(User("q")) with { Tools = [new FunctionTool("f") { Parameters = Parse("""{"type":"object","properties":{}}""") }] };
        AssertJson("""[{"functionDeclarations":[{"name":"f"}]}]""", Write(request).GetProperty("tools"));
    }

    [Fact]
    public void A_target_of_JSON_Schema_gets_it_whole()
    {
        var schema = """{"type":"object","properties":{"a":{"const":1}},"additionalProperties":false}""";
        var request = Foreign(User("q")) with { Tools = [new FunctionTool("f") { Parameters = Parse(schema), Strict = true }] };
        AssertJson(schema, Write(request, out var dropped, "parameters_json_schema").GetProperty("tools")[0].GetProperty("functionDeclarations")[0].GetProperty("parametersJsonSchema"));
        Assert.Equal(["strict"], dropped);
    }

    [Fact]
    public void Googles_own_form_is_read_as_JSON_Schema()
    {
        var tool = Assert.IsType<FunctionTool>(Assert.Single(Read(
            """
            {"contents":[],"tools":[{"function_declarations":[{"name":"f","parameters":{"type":"OBJECT","properties":{
              "a":{"type":"STRING","nullable":true,"enum":["x"],"format":"enum","example":"x"},"l":{"type":"ARRAY","items":{"type":"INTEGER"},"max_items":"3"},
              "u":{"any_of":[{"type":"NUMBER"},{"type":5}],"nullable":true}},"propertyOrdering":["l","a"],"required":["a"]}}]}]}
            """).Tools));
        AssertJson(
            """
            {"type":"object","properties":{"a":{"type":["string","null"],"enum":["x",null],"examples":["x"]},
              "l":{"type":"array","items":{"type":"integer"},"maxItems":3},"u":{"anyOf":[{"type":"number"},{"type":"array"},{"type":"null"}]}},"required":["a"]}
            """,
            tool.Parameters!.Value);
    }

    public static TheoryData<string> RecordedSchemas => RecordedCases.Ids(c =>
        c.Endpoint is "chat/completions" or "chat.completions" or "messages" or "responses" or "converse" && c.Request is { Length: > 0 } && c.Request[0] == '{');

    [Theory]
    [MemberData(nameof(RecordedSchemas))]
    public void Every_recorded_schema_becomes_one_that_Google_takes(string id)
    {
        foreach (var schema in Schemas(RecordedCases.Get(id).RequestJson))
        {
            Check(Reduce(schema, out _));
        }
    }

    private static IEnumerable<JsonElement> Schemas(JsonElement request)
    {
        if (!request.TryGetProperty("tools", out var tools) || tools.ValueKind != JsonValueKind.Array)
        {
            yield break;
        }

        foreach (var tool in tools.EnumerateArray().Where(t => t.ValueKind == JsonValueKind.Object))
        {
            var function = tool.TryGetProperty("function", out var inner) && inner.ValueKind == JsonValueKind.Object ? inner : tool;
            if ((function.TryGetProperty("parameters", out var schema) || function.TryGetProperty("input_schema", out schema)) && schema.ValueKind == JsonValueKind.Object)
            {
                yield return schema;
            }
        }
    }

    private static void Check(JsonElement schema)
    {
        Assert.All(schema.EnumerateObject(), m => Assert.Contains(m.Name, Fields));
        Assert.True(schema.TryGetProperty("type", out var type) ^ schema.TryGetProperty("anyOf", out var choices), schema.GetRawText());
        if (choices.ValueKind == JsonValueKind.Array)
        {
            Assert.Single(schema.EnumerateObject());
            Assert.All(choices.EnumerateArray(), Check);
            return;
        }

        Assert.True(type.GetString() is "STRING" or "NUMBER" or "INTEGER" or "BOOLEAN" or "ARRAY" or "OBJECT" or "NULL", type.GetString());
        Assert.Equal(type.GetString() == "ARRAY", schema.TryGetProperty("items", out var items));
        if (items.ValueKind == JsonValueKind.Object)
        {
            Check(items);
        }

        var names = schema.TryGetProperty("properties", out var properties) ? properties.EnumerateObject().Select(p => p.Name).ToList() : [];
        Assert.All(schema.TryGetProperty("required", out var required) ? required.EnumerateArray() : default, n => Assert.Contains(n.GetString(), names, StringComparer.Ordinal));
        Assert.All(properties.ValueKind == JsonValueKind.Object ? properties.EnumerateObject() : default, p => Check(p.Value));
    }

    private static JsonElement Reduce(JsonElement schema, out IReadOnlyList<string> dropped)
    {
        var names = new DroppedParameters();
        var written = RoundTrip.Write(writer => new GeminiSchemaReducer(schema, "tools[0].parameters", mustBeObject: true, names).Write(writer));
        dropped = names.Names;
        return written;
    }
}
