using System.Text.Json.Nodes;
using static Gatehouse.Tests.Compatibility.Shape;

namespace Gatehouse.Tests.Compatibility.Clients;

/// <summary>Gemini generateContent and streamGenerateContent (v1beta).</summary>
internal sealed class GeminiClient : Client
{
    private static readonly string Tools = $$$$"""
        "tools":[{"functionDeclarations":[{"name":"get_weather","description":"The weather","parametersJsonSchema":{{{{CitySchema}}}}},
          {"name":"get_time","description":"The time","parametersJsonSchema":{{{{NoSchema}}}}}]}]
        """;

    public override string Name => "Gemini";

    public override bool HasLaterSystemTurns => false;

    public override string Path(string model, bool stream) => $"/v1beta/models/{model}:{(stream ? "streamGenerateContent?alt=sse" : "generateContent")}";

    public override string Request(Feature feature, string model, bool stream) => $$$$"""{{{{{Members(feature)}}}}}""";

    public override string FollowUp(string request, SeenAnswer answer, string result)
    {
        var body = Parse(request);
        var contents = body["contents"].Items();
        foreach (var turn in answer.Turns)
        {
            contents.Add(turn.DeepClone());
        }

        var response = new JsonObject { ["name"] = answer.Calls[0].Name, ["response"] = new JsonObject { ["result"] = result } };
        if (answer.Calls[0].Id is { } id)
        {
            response["id"] = id;
        }

        contents.Add(new JsonObject { ["role"] = "user", ["parts"] = new JsonArray(new JsonObject { ["functionResponse"] = response }) });
        return body.ToJsonString();
    }

    public override SeenAnswer ReadAnswer(JsonNode answer)
    {
        var seen = Read([answer]);
        Assert.NotNull(seen.Ending);
        return seen;
    }

    public override SeenAnswer ReadStream(string stream)
    {
        var events = EventText.ReadAll(stream);
        Assert.All(events, e => Assert.Null(e.Name));
        Assert.DoesNotContain(events, e => e.Data == "[DONE]");
        var chunks = events.Select(e => e.Json).ToList();
        var failure = chunks.FindIndex(chunk => chunk["error"] is not null);
        if (failure < 0)
        {
            return Read(chunks);
        }

        Assert.Equal(chunks.Count - 1, failure);
        var before = Read(chunks[..failure]);
        Assert.Null(before.Ending);
        return before with { Failure = chunks[failure]["error"]!["message"].Text() };
    }

    public override SeenError ReadError(int status, JsonNode envelope)
    {
        var error = Object(Object(envelope, "the envelope", "error!")["error"], "an error", "code! message! status! details");
        return new SeenError((int)error["code"].Number(), error["status"].Text(), error["message"].Text());
    }

    public override string TypeOf(int status) => status switch
    {
        401 => "UNAUTHENTICATED",
        429 => "RESOURCE_EXHAUSTED",
        503 or 529 => "UNAVAILABLE",
        >= 500 => "INTERNAL",
        _ => "INVALID_ARGUMENT",
    };

    private static SeenAnswer Read(IReadOnlyList<JsonNode> chunks)
    {
        var (text, thought) = ("", "");
        var calls = new List<SeenCall>();
        var turns = new List<JsonNode>();
        string? reason = null;
        JsonNode? usage = null;
        foreach (var chunk in chunks)
        {
            usage = chunk["usageMetadata"] ?? usage;
            if ((string?)chunk["promptFeedback"]?["blockReason"] is { } block)
            {
                Assert.Null(reason);
                reason = block;
            }

            if (chunk["candidates"] is not JsonArray candidates)
            {
                continue;
            }

            Assert.Null(reason);
            var candidate = Assert.Single(candidates)!;
            Assert.Equal(0, (long?)candidate["index"] ?? 0);
            reason = (string?)candidate["finishReason"];
            if (candidate["content"]?["parts"] is not JsonArray parts)
            {
                continue;
            }

            Assert.Equal("model", candidate["content"]!["role"].Text());
            turns.Add(candidate["content"]!);
            foreach (var part in parts)
            {
                var known = Object(part, "a part", "text thought thoughtSignature functionCall");
                if (known["functionCall"] is { } call)
                {
                    calls.Add(new SeenCall((string?)call["id"], call["name"].Text(), SeenPrompt.Canonical(call["args"] as JsonObject ?? [])));
                }
                else if ((bool?)known["thought"] == true)
                {
                    thought += (string?)known["text"];
                }
                else
                {
                    text += (string?)known["text"];
                }
            }
        }

        var read = (long?)usage?["cachedContentTokenCount"] ?? 0;
        return new SeenAnswer
        {
            Text = text,
            Thought = thought,
            Calls = calls,
            Turns = turns,
            Tokens = reason is null || usage?["promptTokenCount"] is null ? null : new Tokens(
                usage["promptTokenCount"].Number(), read, ((long?)usage["candidatesTokenCount"] ?? 0) + ((long?)usage["thoughtsTokenCount"] ?? 0)),
            Ending = reason switch
            {
                null => null,
                "STOP" => calls.Count > 0 ? Ending.ToolUse : Ending.Finished,
                "MAX_TOKENS" => Ending.Length,
                "SAFETY" or "PROHIBITED_CONTENT" or "OTHER" => Ending.Refused,
                _ => throw new InvalidOperationException($"finishReason {reason}"),
            },
        };
    }

    private static string Members(Feature feature) => feature switch
    {
        Feature.Tools or Feature.ParallelTools or Feature.ZeroArgumentTool => $$$$"""
            "contents":[{"role":"user","parts":[{"text":"What is the weather in Paris?"}]}],{{{{Tools}}}},"toolConfig":{"functionCallingConfig":{"mode":"AUTO"}},"generationConfig":{"maxOutputTokens":64}
            """,
        Feature.ReasoningRoundTrip => $$$$"""
            "contents":[{"role":"user","parts":[{"text":"What is the weather in Paris?"}]}],{{{{Tools}}}},
            "generationConfig":{"maxOutputTokens":8192,"thinkingConfig":{"thinkingBudget":2048,"includeThoughts":true}}
            """,
        Feature.ToolResults => $$$$"""
            "contents":[{"role":"user","parts":[{"text":"Weather and time in Paris?"}]},
              {"role":"model","parts":[{"functionCall":{"name":"get_weather","args":{"city":"Paris"}} },{"functionCall":{"name":"get_time","args":{}} }]},
              {"role":"user","parts":[{"functionResponse":{"name":"get_weather","response":{"result":"18 degrees"}} },{"functionResponse":{"name":"get_time","response":{"result":"noon"}} },
                {"text":"Thank you. And tomorrow?"}]}],{{{{Tools}}}},"generationConfig":{"maxOutputTokens":64}
            """,
        Feature.Images => $$$$"""
            "contents":[{"role":"user","parts":[{"text":"What is this?"},{"inlineData":{"mimeType":"image/png","data":"{{{{PixelPng}}}}"}}]}],"generationConfig":{"maxOutputTokens":64}
            """,
        Feature.SystemTurns => """
            "systemInstruction":{"parts":[{"text":"Be brief."}]},"generationConfig":{"maxOutputTokens":64},
            "contents":[{"role":"user","parts":[{"text":"Hello"}]},{"role":"model","parts":[{"text":"Hi."}]},{"role":"user","parts":[{"text":"Who are you?"}]}]
            """,
        Feature.ServerTool => """
            "contents":[{"role":"user","parts":[{"text":"Hello"}]}],"generationConfig":{"maxOutputTokens":64},"tools":[{"googleSearch":{}}]
            """,
        Feature.StructuredOutput => $$$$"""
            "contents":[{"role":"user","parts":[{"text":"The weather in Paris"}]}],
            "generationConfig":{"maxOutputTokens":64,"responseMimeType":"application/json","responseJsonSchema":{{{{AnswerSchema}}}}}
            """,
        _ => """
            "contents":[{"role":"user","parts":[{"text":"Hello"}]}],"generationConfig":{"maxOutputTokens":64}
            """,
    };
}
