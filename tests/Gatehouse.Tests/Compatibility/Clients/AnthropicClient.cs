using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using static Gatehouse.Tests.Compatibility.Shape;

namespace Gatehouse.Tests.Compatibility.Clients;

/// <summary>Anthropic Messages (2023-06-01, with system turns in the conversation as since 2026-10-21).</summary>
internal sealed class AnthropicClient : Client
{
    private static readonly string Tools = $$$$"""
        "tools":[{"name":"get_weather","description":"The weather","input_schema":{{{{CitySchema}}}}},{"name":"get_time","description":"The time","input_schema":{{{{NoSchema}}}}}]
        """;

    public override string Name => "Anthropic";

    public override string RemainingHeader => "anthropic-ratelimit-requests-remaining";

    public override string ResetHeader => "anthropic-ratelimit-requests-reset";

    public override bool ResetIsTime => true;

    public override string Path(string model, bool stream) => "/v1/messages";

    public override void AddHeaders(HttpRequestHeaders headers) => headers.Add("anthropic-version", "2023-06-01");

    public override string Request(Feature feature, string model, bool stream) =>
        $$$$"""{"model":{{{{Quote(model)}}}},{{{{(stream ? "\"stream\":true," : "")}}}}{{{{Members(feature)}}}}}""";

    public override string FollowUp(string request, SeenAnswer answer, string result)
    {
        var body = Parse(request);
        var messages = body["messages"].Items();
        messages.Add(new JsonObject { ["role"] = "assistant", ["content"] = new JsonArray([.. answer.Turns.Select(block => block.DeepClone())]) });
        messages.Add(new JsonObject
        {
            ["role"] = "user",
            ["content"] = new JsonArray(new JsonObject { ["type"] = "tool_result", ["tool_use_id"] = answer.Calls[0].Id, ["content"] = result }),
        });
        return body.ToJsonString();
    }

    public override SeenAnswer ReadAnswer(JsonNode answer)
    {
        Assert.Equal("message", answer["type"].Text());
        Assert.Equal("assistant", answer["role"].Text());
        Assert.NotEmpty(answer["id"].Text());
        Assert.NotEmpty(answer["model"].Text());
        return Read(answer["content"].Items(), answer["stop_reason"].Text(), answer["usage"]);
    }

    public override SeenAnswer ReadStream(string stream)
    {
        var message = new AnthropicMessage();
        foreach (var e in EventText.ReadAll(stream))
        {
            message.Add(e);
        }

        var text = string.Concat(message.Content.Where(block => block!["type"].Text() == "text").Select(block => block!["text"].Text()));
        return message.Failure is not null || !message.IsComplete
            ? new SeenAnswer { Text = text, Failure = message.Failure }
            : Read(message.Content, message.StopReason!, message.Usage);
    }

    public override SeenError ReadError(int status, JsonNode envelope)
    {
        Assert.Equal("error", Object(envelope, "the envelope", "type! error! request_id")["type"].Text());
        var error = Object(envelope["error"], "an error", "type! message! code details");
        return new SeenError(status, error["type"].Text(), error["message"].Text());
    }

    public override string TypeOf(int status) => status switch
    {
        401 => "authentication_error",
        429 => "rate_limit_error",
        503 or 529 => "overloaded_error",
        >= 500 => "api_error",
        _ => "invalid_request_error",
    };

    private static SeenAnswer Read(JsonArray content, string stopReason, JsonNode? usage)
    {
        var (text, thought) = ("", "");
        var calls = new List<SeenCall>();
        foreach (var block in content)
        {
            switch (block!["type"].Text())
            {
                case "text":
                    text += block["text"].Text();
                    break;
                case "thinking":
                    thought += Object(block, "thinking", "type! thinking! signature!")["thinking"].Text();
                    break;
                case "redacted_thinking":
                    _ = Object(block, "redacted thinking", "type! data!");
                    break;
                case "tool_use":
                    calls.Add(new SeenCall(block["id"].Text(), block["name"].Text(), SeenPrompt.Canonical(Assert.IsType<JsonObject>(block["input"]))));
                    break;
                default:
                    throw new InvalidOperationException($"a block of {block}");
            }
        }

        Assert.Equal(calls.Count > 0, stopReason == "tool_use");
        var read = (long?)usage?["cache_read_input_tokens"] ?? 0;
        return new SeenAnswer
        {
            Text = text,
            Thought = thought,
            Calls = calls,
            Turns = [.. content.Select(block => block!)],
            Tokens = usage is null ? null : new Tokens(
                usage["input_tokens"].Number() + read + ((long?)usage["cache_creation_input_tokens"] ?? 0), read, usage["output_tokens"].Number()),
            Ending = stopReason switch
            {
                "end_turn" or "stop_sequence" => Ending.Finished,
                "max_tokens" => Ending.Length,
                "tool_use" => Ending.ToolUse,
                "refusal" => Ending.Refused,
                _ => throw new InvalidOperationException($"stop_reason {stopReason}"),
            },
        };
    }

    private static string Members(Feature feature) => feature switch
    {
        Feature.Tools or Feature.ParallelTools or Feature.ZeroArgumentTool => $$$$"""
            "messages":[{"role":"user","content":"What is the weather in Paris?"}],{{{{Tools}}}},"tool_choice":{"type":"auto"},"max_tokens":64
            """,
        Feature.ReasoningRoundTrip => $$$$"""
            "messages":[{"role":"user","content":"What is the weather in Paris?"}],{{{{Tools}}}},"thinking":{"type":"enabled","budget_tokens":2048},"max_tokens":8192
            """,
        Feature.ToolResults => $$$$"""
            "messages":[{"role":"user","content":[{"type":"text","text":"Weather and time in Paris?"}]},
              {"role":"assistant","content":[{"type":"tool_use","id":"toolu_A1","name":"get_weather","input":{"city":"Paris"}},{"type":"tool_use","id":"toolu_B2","name":"get_time","input":{}}]},
              {"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_A1","content":"18 degrees"},
                {"type":"tool_result","tool_use_id":"toolu_B2","content":[{"type":"text","text":"noon"}]},{"type":"text","text":"Thank you. And tomorrow?"}]}],{{{{Tools}}}},"max_tokens":64
            """,
        Feature.Images => $$$$"""
            "messages":[{"role":"user","content":[{"type":"text","text":"What is this?"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"{{{{PixelPng}}}}"}}]}],"max_tokens":64
            """,
        Feature.SystemTurns => """
            "system":[{"type":"text","text":"Be brief."}],
            "messages":[{"role":"user","content":"Hello"},{"role":"assistant","content":"Hi."},{"role":"system","content":"Answer in French."},{"role":"user","content":"Who are you?"}],"max_tokens":64
            """,
        Feature.ServerTool => """
            "messages":[{"role":"user","content":"Hello"}],"max_tokens":64,"tools":[{"type":"web_search_20250305","name":"web_search"}]
            """,
        Feature.StructuredOutput => $$$$"""
            "messages":[{"role":"user","content":"The weather in Paris"}],"max_tokens":64,"output_config":{"format":{"type":"json_schema","schema":{{{{AnswerSchema}}}}}}
            """,
        _ => """
            "messages":[{"role":"user","content":"Hello"}],"max_tokens":64
            """,
    };
}
