using System.Text.Json.Nodes;
using static Gatehouse.Tests.Compatibility.Shape;

namespace Gatehouse.Tests.Compatibility.Clients;

/// <summary>OpenAI Responses, without state: every turn brings its whole history (openai-openapi 2.3.0).</summary>
internal sealed class OpenAiResponsesClient : Client
{
    private static readonly string Tools = $$$$"""
        "tools":[{"type":"function","name":"get_weather","description":"The weather","parameters":{{{{CitySchema}}}},"strict":false},
                 {"type":"function","name":"get_time","description":"The time","parameters":{{{{NoSchema}}}},"strict":false}]
        """;

    public override string Name => "OpenAI Responses";

    public override string Path(string model, bool stream) => "/v1/responses";

    public override string Request(Feature feature, string model, bool stream) =>
        $$$$"""{"model":{{{{Quote(model)}}}},{{{{(stream ? "\"stream\":true," : "")}}}}{{{{Members(feature)}}}}}""";

    public override string FollowUp(string request, SeenAnswer answer, string result)
    {
        var body = Parse(request);
        var input = body["input"].Items();
        foreach (var item in answer.Turns)
        {
            input.Add(item.DeepClone());
        }

        input.Add(new JsonObject { ["type"] = "function_call_output", ["call_id"] = answer.Calls[0].Id, ["output"] = result });
        return body.ToJsonString();
    }

    public override SeenAnswer ReadAnswer(JsonNode answer) => Read(answer);

    public override SeenAnswer ReadStream(string stream)
    {
        var response = new ResponseEvents();
        foreach (var e in EventText.ReadAll(stream))
        {
            response.Add(e);
        }

        return response.Final is { } final ? Read(final) : new SeenAnswer { Text = response.Text, Failure = response.Failure };
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

    private static SeenAnswer Read(JsonNode answer)
    {
        Assert.Equal("response", answer["object"].Text());
        Assert.NotEmpty(answer["id"].Text());
        _ = answer["created_at"].Number();
        var (text, thought) = ("", "");
        var isRefused = false;
        var calls = new List<SeenCall>();
        foreach (var item in answer["output"].Items())
        {
            switch (item!["type"].Text())
            {
                case "message":
                    Assert.Equal("assistant", item["role"].Text());
                    foreach (var part in item["content"].Items())
                    {
                        isRefused |= part!["type"].Text() == "refusal";
                        text += part["type"].Text() == "refusal" ? part["refusal"].Text() : part["text"].Text();
                    }

                    break;
                case "reasoning":
                    thought += string.Concat(item["summary"].Items().Concat(item["content"] as JsonArray ?? []).Select(part => part!["text"].Text()));
                    break;
                case "function_call":
                    calls.Add(new SeenCall(item["call_id"].Text(), item["name"].Text(), Normal(item["arguments"].Text())));
                    break;
                default:
                    throw new InvalidOperationException($"an item of {item}");
            }
        }

        var reason = (string?)answer["incomplete_details"]?["reason"];
        var usage = answer["usage"];
        return new SeenAnswer
        {
            Text = text,
            Thought = thought,
            Calls = calls,
            Turns = [.. answer["output"].Items().Select(item => item!)],
            Tokens = usage is null ? null : new Tokens(
                usage["input_tokens"].Number(), (long?)usage["input_tokens_details"]?["cached_tokens"] ?? 0, usage["output_tokens"].Number()),
            Ending = (answer["status"].Text(), reason) switch
            {
                ("completed", null) => calls.Count > 0 ? Ending.ToolUse : isRefused ? Ending.Refused : Ending.Finished,
                ("incomplete", "max_output_tokens") => Ending.Length,
                ("incomplete", "content_filter") => Ending.Refused,
                var other => throw new InvalidOperationException($"status {other}"),
            },
        };
    }

    private static string Members(Feature feature) => feature switch
    {
        Feature.Tools or Feature.ParallelTools or Feature.ZeroArgumentTool => $$$$"""
            "input":"What is the weather in Paris?",{{{{Tools}}}},"tool_choice":"auto","max_output_tokens":64
            """,
        Feature.ReasoningRoundTrip => $$$$"""
            "input":[{"role":"user","content":"What is the weather in Paris?"}],{{{{Tools}}}},"reasoning":{"effort":"low","summary":"auto"},"store":false,"include":["reasoning.encrypted_content"],"max_output_tokens":8192
            """,
        Feature.ToolResults => $$$$"""
            "input":[{"role":"user","content":[{"type":"input_text","text":"Weather and time in Paris?"}]},
              {"type":"function_call","call_id":"call_A1","name":"get_weather","arguments":"{\"city\": \"Paris\"}"},
              {"type":"function_call","call_id":"call_B2","name":"get_time","arguments":"{}"},
              {"type":"function_call_output","call_id":"call_A1","output":"18 degrees"},
              {"type":"function_call_output","call_id":"call_B2","output":"noon"},
              {"type":"message","role":"user","content":"Thank you. And tomorrow?"}],{{{{Tools}}}},"max_output_tokens":64
            """,
        Feature.Images => $$$$"""
            "input":[{"role":"user","content":[{"type":"input_text","text":"What is this?"},{"type":"input_image","detail":"auto","image_url":"data:image/png;base64,{{{{PixelPng}}}}"}]}],"max_output_tokens":64
            """,
        Feature.SystemTurns => """
            "instructions":"Be brief.","input":[{"role":"user","content":"Hello"},{"role":"assistant","content":"Hi."},
              {"role":"developer","content":"Answer in French."},{"role":"user","content":"Who are you?"}],"max_output_tokens":64
            """,
        Feature.ServerTool => """
            "input":"Hello","max_output_tokens":64,"tools":[{"type":"web_search"}]
            """,
        Feature.StructuredOutput => $$$$"""
            "input":"The weather in Paris","max_output_tokens":64,"text":{"format":{"type":"json_schema","name":"weather","strict":true,"schema":{{{{AnswerSchema}}}}}}
            """,
        _ => """
            "input":"Hello","max_output_tokens":64
            """,
    };
}
