using System.Text.Json.Nodes;
using static Gatehouse.Tests.Compatibility.Shape;

namespace Gatehouse.Tests.Compatibility.Clients;

/// <summary>OpenAI Chat Completions (openai-openapi 2.3.0).</summary>
internal sealed class OpenAiChatClient : Client
{
    private static readonly string Tools = $$$$"""
        "tools":[{"type":"function","function":{"name":"get_weather","description":"The weather","parameters":{{{{CitySchema}}}}}},
                 {"type":"function","function":{"name":"get_time","description":"The time","parameters":{{{{NoSchema}}}}}}]
        """;

    public override string Name => "OpenAI Chat";

    public override string Path(string model, bool stream) => "/v1/chat/completions";

    public override string Request(Feature feature, string model, bool stream) =>
        $$$$"""{"model":{{{{Quote(model)}}}},{{{{(stream ? "\"stream\":true,\"stream_options\":{\"include_usage\":true}," : "")}}}}{{{{Members(feature)}}}}}""";

    public override string FollowUp(string request, SeenAnswer answer, string result)
    {
        var body = Parse(request);
        var messages = body["messages"].Items();
        foreach (var turn in answer.Turns)
        {
            messages.Add(turn.DeepClone());
        }

        messages.Add(new JsonObject { ["role"] = "tool", ["tool_call_id"] = answer.Calls[0].Id, ["content"] = result });
        return body.ToJsonString();
    }

    public override SeenAnswer ReadAnswer(JsonNode answer)
    {
        Assert.Equal("chat.completion", answer["object"].Text());
        Assert.NotEmpty(answer["id"].Text());
        _ = answer["created"].Number();
        var choice = Assert.Single(answer["choices"].Items())!;
        Assert.Equal(0, choice["index"].Number());
        var message = Member<JsonObject>(choice, "message");
        Assert.Equal("assistant", message["role"].Text());
        Assert.True(message.ContainsKey("content"), "content is required, null when there is none");
        return Read(message, choice["finish_reason"].Text(), TokensOf(answer["usage"]));
    }

    public override SeenAnswer ReadStream(string stream)
    {
        var events = EventText.ReadAll(stream);
        Assert.All(events, e => Assert.Null(e.Name));
        var message = new OpenAiChatMessage();
        string? id = null;
        for (var i = 0; i < events.Count; i++)
        {
            if (events[i].Data == "[DONE]")
            {
                Assert.Equal(events.Count - 1, i);
                break;
            }

            var chunk = events[i].Json;
            if (chunk["error"] is { } error)
            {
                Assert.Null(message.FinishReason);
                Assert.True(i == events.Count - 1 || (i == events.Count - 2 && events[^1].Data == "[DONE]"), "nothing follows the error");
                return new SeenAnswer { Text = message.Text, Failure = error["message"].Text() };
            }

            Assert.Equal("chat.completion.chunk", chunk["object"].Text());
            id ??= chunk["id"].Text();
            Assert.Equal(id, chunk["id"].Text());
            message.Add(chunk);
        }

        if (message.FinishReason is null || events.Count == 0 || events[^1].Data != "[DONE]")
        {
            return new SeenAnswer { Text = message.Text };
        }

        return Read(message.ToJson(), message.FinishReason, TokensOf(message.Usage));
    }

    public override SeenError ReadError(int status, JsonNode envelope)
    {
        var error = Object(Object(envelope, "the envelope", "error!")["error"], "an error", "message! type! param code");
        return new SeenError(status, error["type"].Text(), error["message"].Text());
    }

    public override string TypeOf(int status) => status switch
    {
        401 => "authentication_error",
        429 => "rate_limit_error",
        >= 500 => "server_error",
        _ => "invalid_request_error",
    };

    private static SeenAnswer Read(JsonObject message, string finishReason, Tokens? tokens)
    {
        var refusal = (string?)message["refusal"];
        var calls = (message["tool_calls"] as JsonArray ?? []).Select(call =>
        {
            Assert.Equal("function", call!["type"].Text());
            return new SeenCall(call["id"].Text(), call["function"]!["name"].Text(), Normal(call["function"]!["arguments"].Text()));
        }).ToList();
        Assert.Equal(calls.Count > 0, finishReason == "tool_calls");
        return new SeenAnswer
        {
            Text = (string?)message["content"] + refusal,
            Thought = (string?)message["reasoning_content"] ?? "",
            Calls = calls,
            Tokens = tokens,
            Turns = [message],
            Ending = finishReason switch
            {
                "stop" => refusal is null ? Ending.Finished : Ending.Refused,
                "length" => Ending.Length,
                "tool_calls" => Ending.ToolUse,
                "content_filter" => Ending.Refused,
                _ => throw new InvalidOperationException($"finish_reason {finishReason}"),
            },
        };
    }

    private static Tokens? TokensOf(JsonNode? usage)
    {
        if (usage is not JsonObject)
        {
            return null;
        }

        Assert.Equal(usage["total_tokens"].Number(), usage["prompt_tokens"].Number() + usage["completion_tokens"].Number());
        return new Tokens(usage["prompt_tokens"].Number(), (long?)usage["prompt_tokens_details"]?["cached_tokens"] ?? 0, usage["completion_tokens"].Number());
    }

    private static string Members(Feature feature) => feature switch
    {
        Feature.Tools or Feature.ParallelTools or Feature.ZeroArgumentTool => $$$$"""
            "messages":[{"role":"user","content":"What is the weather in Paris?"}],{{{{Tools}}}},"tool_choice":"auto","max_completion_tokens":64
            """,
        Feature.ReasoningRoundTrip => $$$$"""
            "messages":[{"role":"user","content":"What is the weather in Paris?"}],{{{{Tools}}}},"reasoning_effort":"low","max_completion_tokens":8192
            """,
        Feature.ToolResults => $$$$"""
            "messages":[{"role":"user","content":"Weather and time in Paris?"},
              {"role":"assistant","content":null,"tool_calls":[
                {"id":"call_A1","type":"function","function":{"name":"get_weather","arguments":"{\"city\": \"Paris\"}"}},
                {"id":"call_B2","type":"function","function":{"name":"get_time","arguments":"{}"}}]},
              {"role":"tool","tool_call_id":"call_A1","content":"18 degrees"},
              {"role":"tool","tool_call_id":"call_B2","content":"noon"},
              {"role":"user","content":"Thank you. And tomorrow?"}],{{{{Tools}}}},"max_completion_tokens":64
            """,
        Feature.Images => $$$$"""
            "messages":[{"role":"user","content":[{"type":"text","text":"What is this?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,{{{{PixelPng}}}}"}}]}],"max_completion_tokens":64
            """,
        Feature.SystemTurns => """
            "messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hello"},{"role":"assistant","content":"Hi."},
              {"role":"developer","content":"Answer in French."},{"role":"user","content":"Who are you?"}],"max_completion_tokens":64
            """,
        Feature.ServerTool => """
            "messages":[{"role":"user","content":"Hello"}],"max_completion_tokens":64,"web_search_options":{}
            """,
        Feature.StructuredOutput => $$$$"""
            "messages":[{"role":"user","content":"The weather in Paris"}],"max_completion_tokens":64,
            "response_format":{"type":"json_schema","json_schema":{"name":"weather","strict":true,"schema":{{{{AnswerSchema}}}}}}
            """,
        _ => """
            "messages":[{"role":"user","content":"Hello"}],"max_completion_tokens":64
            """,
    };
}
