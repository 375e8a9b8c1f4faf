using System.Text.Json.Nodes;
using Gatehouse.Tests.Harness;
using static Gatehouse.Tests.Compatibility.Shape;

namespace Gatehouse.Tests.Compatibility.Providers;

/// <summary>Gemini's generateContent (google-protos, generativelanguage v1beta: an unknown member is refused).</summary>
internal class GeminiProvider : Provider
{
    /// <summary>message Schema of content.proto.</summary>
    private const string SchemaMembers = "type format title description nullable enum maxItems minItems properties required minProperties maxProperties minLength maxLength pattern example anyOf propertyOrdering default items minimum maximum";

    private static readonly string UsageJson = """{"promptTokenCount":150,"cachedContentTokenCount":40,"candidatesTokenCount":15,"thoughtsTokenCount":5,"totalTokenCount":170}""";

    public override string Name => "Gemini";

    public override string Key => "gemini";

    public override string Model => "gemini-2.5-flash";

    public override string? Same => "Gemini";

    public override bool SealsThoughts => true;

    public override bool RefusesWithText => false;

    public override string? CallId(int index) => null;

    public override string Settings(string address) => $"kind: gemini, api_key: secret, base_url: \"{address}\"";

    protected virtual bool CheckHead(SeenRequest request)
    {
        var isStream = request.Target.Contains(":stream", StringComparison.Ordinal);
        Posts(request, $"/v1beta/models/gemini-2.5-flash:{(isStream ? "streamGenerateContent?alt=sse" : "generateContent")}");
        Assert.Equal("secret", request.Headers["x-goog-api-key"]);
        return isStream;
    }

    public override SeenPrompt ReadRequest(SeenRequest request)
    {
        var body = Object(Body(request), "a request", "contents! systemInstruction tools toolConfig generationConfig safetySettings cachedContent");
        var config = Object(body["generationConfig"] ?? new JsonObject(), "the generationConfig",
            "maxOutputTokens temperature topP topK stopSequences responseMimeType responseSchema responseJsonSchema thinkingConfig seed candidateCount");
        var prompt = new SeenPrompt
        {
            IsStream = CheckHead(request),
            MaxTokens = (long?)config["maxOutputTokens"],
            Schema = config["responseSchema"] ?? config["responseJsonSchema"],
        };
        Assert.Equal(prompt.Schema is null ? null : "application/json", (string?)config["responseMimeType"]);
        CheckSchema(config["responseSchema"]);
        foreach (var part in body["systemInstruction"]?["parts"] as JsonArray ?? [])
        {
            prompt.System.Add(Object(part, "a system part", "text!")["text"].Text());
        }

        foreach (var declaration in (body["tools"] as JsonArray ?? []).SelectMany(tool => Object(tool, "a tool", "functionDeclarations!")["functionDeclarations"].Items()))
        {
            _ = Object(declaration, "a declaration", "name! description parameters parametersJsonSchema");
            CheckSchema(declaration!["parameters"]);
            prompt.AddTool(declaration["name"].Text(), declaration["parameters"] ?? declaration["parametersJsonSchema"]);
        }

        ReadContents(prompt, body["contents"].Items());
        return prompt;
    }

    private static void CheckSchema(JsonNode? schema)
    {
        if (schema is null)
        {
            return;
        }

        var known = Object(schema, "a schema", SchemaMembers);
        Assert.True(known["type"] is null || known["type"] is JsonValue, "type is one type");
        foreach (var (_, property) in known["properties"] as JsonObject ?? [])
        {
            CheckSchema(property);
        }

        CheckSchema(known["items"]);
    }

    private static void ReadContents(SeenPrompt prompt, JsonArray contents)
    {
        Assert.Equal("user", contents[0]!["role"].Text());
        var (lastRole, calls) = ("", 0);
        foreach (var content in contents)
        {
            var role = Object(content, "a content", "role! parts!")["role"].Text();
            // Several contents of the model in a row are what its own SDK sends after a stream.
            Assert.True(role == "model" || role != lastRole, "turns alternate");
            lastRole = role;
            var parts = content!["parts"].Items();
            Assert.NotEmpty(parts);
            Assert.True(role == "model" || parts.Count(part => part!["functionResponse"] is not null) == calls, "every call has its response in the next turn");
            foreach (var part in parts)
            {
                ReadPart(prompt, role == "model" ? "assistant" : role, part!);
            }

            calls = (role == "model" ? calls : 0) + parts.Count(part => part!["functionCall"] is not null);
        }
    }

    private static void ReadPart(SeenPrompt prompt, string role, JsonNode part)
    {
        var known = Object(part, "a part", "text thought thoughtSignature inlineData functionCall functionResponse");
        if (known["thoughtSignature"] is { } seal)
        {
            prompt.Seals.Add(seal.Text());
        }

        if (known["inlineData"] is { } data)
        {
            prompt.AddImage(Object(data, "data", "mimeType! data!")["mimeType"].Text(), data["data"].Text());
        }
        else if (known["functionCall"] is { } call)
        {
            prompt.AddCall((string?)Object(call, "a call", "id name! args")["id"], call["name"].Text(), call["args"] ?? new JsonObject());
        }
        else if (known["functionResponse"] is { } response)
        {
            var value = Assert.Single(Assert.IsType<JsonObject>(Object(response, "a response", "id name! response!")["response"]));
            Assert.Contains(value.Key, ["result", "output"], StringComparer.Ordinal);
            prompt.AddResult((string?)response["id"], response["name"].Text(), value.Value.Text());
        }
        else if ((bool?)known["thought"] == true)
        {
            prompt.Thoughts.Add(known["text"].Text());
        }
        else if (known["text"] is not null || known["thoughtSignature"] is null)
        {
            prompt.AddText(role, known["text"].Text());
        }
    }

    private static string ReasonOf(Answer answer) => answer.Ending == Ending.Length ? "MAX_TOKENS" : "STOP";

    public override string Json(Answer answer) => answer.Ending == Ending.Refused ? Blocked : Chunk([.. Parts(answer, isWhole: true)], $",\"finishReason\":\"{ReasonOf(answer)}\"");

    public override IEnumerable<byte[]> Frames(Answer answer)
    {
        if (answer.Ending == Ending.Refused)
        {
            yield return Frame(Blocked);
            yield break;
        }

        var parts = Parts(answer, isWhole: false).ToList();
        for (var i = 0; i < parts.Count; i++)
        {
            yield return Frame(Chunk([parts[i]], i == parts.Count - 1 ? $",\"finishReason\":\"{ReasonOf(answer)}\"" : ""));
        }
    }

    public override byte[] Garbage => Utf8("data: {\"candidates\": [{]}\r\n\r\n");

    public override IEnumerable<byte[]> FailingFrames(string message) => [.. Beginning(), Frame(Error(503, message))];

    public override string Error(int status, string message) =>
        $$$"""{"error":{"code":{{{status}}},"message":{{{Quote(message)}}},"status":"{{{status switch { 401 => "UNAUTHENTICATED", 429 => "RESOURCE_EXHAUSTED", 503 or 529 => "UNAVAILABLE", >= 500 => "INTERNAL", _ => "INVALID_ARGUMENT" }}}}"}}""";

    public override IEnumerable<string> ErrorHeaders(int status) => status == 429 ? ["retry-after: 13"] : [];

    private const string Blocked = """{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":150,"totalTokenCount":150},"modelVersion":"gemini-2.5-flash"}""";

    /// <summary>Frames end in CRLF, as Google sends them.</summary>
    private static byte[] Frame(string json) => Utf8($"data: {json}\r\n\r\n");

    private static string Chunk(string[] parts, string finish) =>
        $$"""{"candidates":[{"content":{"parts":[{{string.Join(",", parts)}}],"role":"model"}{{finish}},"index":0}],"usageMetadata":{{UsageJson}},"modelVersion":"gemini-2.5-flash","responseId":"tRWz"}""";

    private static IEnumerable<string> Parts(Answer answer, bool isWhole)
    {
        if (answer.Thought is { } thought)
        {
            foreach (var piece in isWhole ? [thought] : Pieces(thought))
            {
                yield return $$"""{"text":{{Quote(piece)}},"thought":true}""";
            }
        }

        foreach (var piece in answer.Text is null ? [] : isWhole ? [answer.Text] : Pieces(answer.Text))
        {
            yield return $$"""{"text":{{Quote(piece)}}}""";
        }

        var seal = answer.Thought is null ? "" : $",\"thoughtSignature\":{Quote(Seal)}";
        foreach (var call in answer.Calls)
        {
            yield return $$$"""{"functionCall":{"name":"{{{call.Name}}}","args":{{{call.Arguments}}}}{{{seal}}}}""";
        }
    }
}

/// <summary>Gemini on Vertex: other paths, an access token.</summary>
internal sealed class VertexGeminiProvider : GeminiProvider
{
    public override string Name => "Vertex (Gemini)";

    public override string Key => "vertex";

    public override string Settings(string address) => $"kind: vertex, access_token: token, project: p, location: us-east5, base_url: \"{address}\"";

    protected override bool CheckHead(SeenRequest request)
    {
        var isStream = request.Target.Contains(":stream", StringComparison.Ordinal);
        Posts(request, $"/v1beta1/projects/p/locations/us-east5/publishers/google/models/gemini-2.5-flash:{(isStream ? "streamGenerateContent?alt=sse" : "generateContent")}");
        Assert.Equal("Bearer token", request.Headers["authorization"]);
        return isStream;
    }
}
