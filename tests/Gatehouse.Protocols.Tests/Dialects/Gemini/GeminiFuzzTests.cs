using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Gemini;
using Gatehouse.Protocols.Json;
using Gatehouse.Protocols.Tests.Generators;

namespace Gatehouse.Protocols.Tests.Dialects.Gemini;

/// <summary>Bodies in which anything may stand anywhere: they are read, or refused, and never break a reader or writer.</summary>
public sealed class GeminiFuzzTests
{
    private static readonly GeminiCodec Codec = GeminiCodec.Instance;

    private static readonly string Request =
        """
        {"systemInstruction":{"parts":[{"text":"s"}]},"contents":[{"role":"user","parts":[{"text":"q"},{"inlineData":{"mimeType":"image/png","data":"AAAA"}},
        {"fileData":{"fileUri":"gs://x","mimeType":"video/mp4"},"videoMetadata":{"fps":1}}]},{"role":"model","parts":[{"thought":true,"text":"t","thoughtSignature":"s"},
        {"functionCall":{"name":"f","args":{"a":1},"id":"x"},"thoughtSignature":"s"},{"executableCode":{"code":"1"}}]},{"role":"user","parts":[{"functionResponse":{"name":"f",
        "response":{"result":"r"},"parts":[{"inlineData":{"mimeType":"image/png","data":"AA"}}]}}]}],"tools":[{"functionDeclarations":[{"name":"f","parameters":{"type":"OBJECT",
        "nullable":true,"properties":{"a":{"type":"STRING","enum":["x"],"anyOf":[{"type":"NULL"}],"example":1}},"required":["a"]}},{"name":"g","parametersJsonSchema":{"$ref":"#/$defs/a"}}]},
        {"googleSearch":{}}],"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f"]}},"generationConfig":{"maxOutputTokens":1,"stopSequences":["x"],
        "responseMimeType":"application/json","responseSchema":{"type":"ARRAY","items":{"type":"STRING"}},"thinkingConfig":{"thinkingBudget":-1,"thinkingLevel":"HIGH"},
        "responseModalities":["TEXT"]},"labels":{"a":"b"},"cachedContent":"c"}
        """;

    private static readonly string Answer =
        """
        {"candidates":[{"index":0,"content":{"role":"model","parts":[{"text":"é","thoughtSignature":"s"},{"functionCall":{"name":"f","willContinue":true,"partialArgs":[{"jsonPath":"$.a",
        "stringValue":"x"}]}},{"inlineData":{"mimeType":"image/png","data":"AAAA"}},{"codeExecutionResult":{"outcome":"OUTCOME_OK"}}]},"finishReason":"STOP","groundingMetadata":{"groundingChunks":
        [{"web":{"uri":"u","title":"t"}}],"groundingSupports":[{"segment":{"startIndex":0,"endIndex":2,"partIndex":0},"groundingChunkIndices":[0]}]},"logprobsResult":{"chosenCandidates":
        [{"token":"a","logProbability":-1}],"topCandidates":[{"candidates":[{"token":"a","logProbability":-1}]}]}}],"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":
        {"promptTokenCount":1,"candidatesTokenCount":2,"promptTokensDetails":[{"modality":"AUDIO","tokenCount":1}]},"createTime":"2026-01-01T00:00:00Z","modelVersion":"m","responseId":"r"}
        """;

    private static readonly string Schema =
        """
        {"type":["object","null"],"properties":{"a":{"$ref":"#/$defs/a"},"b":{"anyOf":[{"type":"string","const":"x"},{"type":"integer","enum":[1]},{"allOf":[{"$ref":"#/$defs/a"}]}]},
        "c":{"type":"array","items":{"oneOf":[{"type":"number","exclusiveMinimum":0}]}}},"required":["a"],"additionalProperties":false,"$defs":{"a":{"type":"object","properties":{"a":{"$ref":"#/$defs/a"}}}}}
        """;

    [Fact]
    public void Requests() => Properties.Hold(Mutated(Request), json => Attempt(() =>
    {
        var request = Codec.ReadRequest(Parse(json));
        Write(writer => Codec.WriteRequest(request, Context(), writer));
        Write(writer => Codec.WriteRequest(request with { Dialect = Dialect.OpenAiChat, Extensions = null }, Context(), writer));
    }));

    [Fact]
    public void Schemas() => Properties.Hold(Mutated(Schema), json => Attempt(() =>
    {
        var tool = new FunctionTool("f") { Parameters = Parse(json) };
        Write(writer => Codec.WriteRequest(GeminiRequests.Foreign(GeminiRequests.User("q")) with { Tools = [tool] }, Context(), writer));
    }));

    [Fact]
    public void Answers() => Properties.Hold(Mutated(Answer), json => Attempt(() =>
    {
        var response = Codec.ReadResponse(Parse(json), "x");
        Write(writer => Codec.WriteResponse(response, Recorded.RoundTrip.Context(Dialect.Gemini), writer));
        Write(writer => Codec.WriteResponse(response with { Dialect = Dialect.OpenAiChat }, Recorded.RoundTrip.Context(Dialect.Gemini), writer));
    }));

    [Fact]
    public void Errors() => Properties.Hold(
        Mutated("""{"error":{"code":400,"message":"m","status":"S","details":[{"reason":"r","fieldViolations":[{"field":"f"}]}]}}"""),
        json => Attempt(() => Write(writer => Codec.WriteError(Codec.ReadError(400, Parse(json)), writer))));

    [Fact]
    public void Streams() => Properties.Hold(Mutated(Answer).Two(), frames => Attempt(() =>
    {
        var events = new List<ChatStreamEvent>();
        var reader = Codec.NewStreamReader("x");
        reader.Read([], System.Text.Encoding.UTF8.GetBytes(frames.Item1), events);
        reader.Read([], System.Text.Encoding.UTF8.GetBytes(frames.Item2), events);
        reader.EndOfStream(events);
        var output = new ArrayBufferWriter<byte>();
        var writer = Codec.NewStreamWriter(Recorded.RoundTrip.Context(Dialect.Gemini));
        events.ForEach(e => writer.Write(e, output));
        if (events is [.., AnswerEnded])
        {
            Assert.EndsWith("\r\n\r\n", System.Text.Encoding.UTF8.GetString(output.WrittenSpan), StringComparison.Ordinal);
        }
    }));

    /// <summary>The body with one to three of its values replaced by others, or taken away.</summary>
    private static Gen<string> Mutated(string body) =>
        from places in Gen.Choose(0, 10_000).ListOf().Resize(3)
        from values in Gen.Frequency((4, JsonTexts.Value), (1, Gen.Elements("\"\\ud800\"", "{\"\\ud800\":1}", "[\"\\udc00\"]"))).ListOf(4)
        select Mutate(body, places, values);

    private static string Mutate(string body, List<int> places, List<string> values)
    {
        var root = JsonNode.Parse(body)!;
        for (var i = 0; i < places.Count && i < values.Count; i++)
        {
            var nodes = Below(root).Where(n => n.Parent is not null).ToList();
            if (nodes.Count == 0)
            {
                break;
            }

            var node = nodes[places[i] % nodes.Count];
            if (places[i] % 7 == 0 && node.Parent is JsonObject parent)
            {
                _ = parent.Remove(node.GetPropertyName());
            }
            else
            {
                node.ReplaceWith($"\u0001{i}");
            }
        }

        var text = root.ToJsonString();
        for (var i = 0; i < values.Count; i++)
        {
            text = text.Replace($"\"\\u0001{i}\"", values[i], StringComparison.Ordinal);
        }

        return text;
    }

    private static IEnumerable<JsonNode> Below(JsonNode node) => node switch
    {
        JsonObject members => members.Select(m => m.Value).OfType<JsonNode>().SelectMany(Below).Prepend(node),
        JsonArray items => items.OfType<JsonNode>().SelectMany(Below).Prepend(node),
        _ => [node],
    };

    private static RequestContext Context() => new("m", new TargetRules { Traits = ["thought_signatures", "function_response_media"] }, new DroppedParameters());

    private static JsonElement Parse(string json) => JsonDocument.Parse(json, JsonWriting.ReadOptions).RootElement;

    private static void Write(Action<Utf8JsonWriter> write)
    {
        var output = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(output, JsonWriting.Options))
        {
            write(writer);
        }

        using var document = JsonDocument.Parse(output.WrittenMemory, new JsonDocumentOptions { MaxDepth = 1000 });
    }

    private static void Attempt(Action action)
    {
        try
        {
            action();
        }
        catch (DialectException)
        {
            // Refused.
        }
    }
}
