using System.Text.Json.Nodes;
using Gatehouse.Tests.Harness;
using static Gatehouse.Tests.Compatibility.Shape;

namespace Gatehouse.Tests.Compatibility.Providers;

/// <summary>OpenAI's Responses: <c>CreateResponse</c> of openai-openapi 2.3.0, for a model that has no other endpoint.</summary>
internal sealed class OpenAiResponsesProvider : Provider
{
    private const string UsageJson = """{"input_tokens":150,"input_tokens_details":{"cached_tokens":40},"output_tokens":20,"output_tokens_details":{"reasoning_tokens":5},"total_tokens":170}""";

    public override string Name => "OpenAI Responses";

    public override string Key => "responses";

    public override string Model => "gpt-5-pro";

    public override string? Same => "OpenAI Responses";

    public override bool SealsThoughts => true;

    public override string Settings(string address) => $"kind: openai, api_key: secret, base_url: \"{address}/v1\"";

    public override SeenPrompt ReadRequest(SeenRequest request)
    {
        Posts(request, "/v1/responses");
        Assert.Equal("Bearer secret", request.Headers["authorization"]);
        var body = Object(Body(request), "a request", "model! input! instructions tools tool_choice parallel_tool_calls text reasoning include max_output_tokens stream store temperature top_p");
        Assert.Equal(Model, body["model"].Text());
        var prompt = new SeenPrompt { MaxTokens = (long?)body["max_output_tokens"], IsStream = (bool?)body["stream"] ?? false };
        if (body["instructions"] is { } instructions)
        {
            prompt.System.Add(instructions.Text());
        }

        if (body["text"]?["format"] is { } format)
        {
            Assert.Equal("json_schema", Object(format, "a format", "type! name! schema! strict description")["type"].Text());
            prompt.Schema = format["schema"];
        }

        if (body["reasoning"] is not null)
        {
            Assert.Contains("reasoning.encrypted_content", (body["include"] as JsonArray ?? []).Select(item => item.Text()), StringComparer.Ordinal);
        }

        foreach (var tool in body["tools"] as JsonArray ?? [])
        {
            Assert.Equal("function", Object(tool, "a tool", "type! name! description parameters! strict!")["type"].Text());
            prompt.AddTool(tool!["name"].Text(), tool["parameters"]);
        }

        if (body["input"] is JsonValue text)
        {
            prompt.AddText("user", text.Text());
        }
        else
        {
            foreach (var item in body["input"].Items())
            {
                ReadItem(prompt, item!);
            }
        }

        return prompt;
    }

    private static void ReadItem(SeenPrompt prompt, JsonNode item)
    {
        switch ((string?)item["type"] ?? "message")
        {
            case "message":
                var message = Object(item, "a message", "type role! content! id status phase");
                ReadContent(prompt, message["role"].Text(), message["content"]);
                break;
            case "function_call":
                _ = Object(item, "a call", "type! call_id! name! arguments! id status");
                prompt.AddCall(item["call_id"].Text(), item["name"].Text(), JsonNode.Parse(item["arguments"].Text()));
                break;
            case "function_call_output":
                _ = Object(item, "a result", "type! call_id! output! id status");
                prompt.AddResult(item["call_id"].Text(), null, item["output"] is JsonArray parts ? Assert.Single(parts)!["text"].Text() : item["output"].Text());
                break;
            default:
                Assert.Equal("reasoning", Object(item, "a thought", "type! summary! encrypted_content id content status")["type"].Text());
                prompt.Thoughts.Add(string.Concat(item["summary"].Items().Select(part => part!["text"].Text())));
                prompt.Seals.Add(item["encrypted_content"].Text());
                break;
        }
    }

    private static void ReadContent(SeenPrompt prompt, string role, JsonNode? content)
    {
        if (content is not JsonArray parts)
        {
            prompt.AddText(role, content.Text());
            return;
        }

        foreach (var part in parts)
        {
            if (part!["type"].Text() == "input_image")
            {
                Assert.Equal("user", role);
                prompt.AddImage(Object(part, "an image", "type! image_url! detail")["image_url"].Text());
            }
            else
            {
                Assert.Equal(role == "assistant" ? "output_text" : "input_text", part["type"].Text());
                prompt.AddText(role, part["text"].Text());
            }
        }
    }

    public override string Json(Answer answer) => Response(answer, "[" + string.Join(",", Items(answer).Select(item => item.Done)) + "]", Status(answer));

    public override IEnumerable<byte[]> Frames(Answer answer)
    {
        var sequence = 0;
        yield return Next("response.created", $"\"response\":{Response(answer, "[]", "in_progress")}");
        yield return Next("response.in_progress", $"\"response\":{Response(answer, "[]", "in_progress")}");
        var items = Items(answer).ToList();
        for (var i = 0; i < items.Count; i++)
        {
            var at = $"\"item_id\":\"{items[i].Id}\",\"output_index\":{i}";
            yield return Next("response.output_item.added", $"\"output_index\":{i},\"item\":{items[i].Added}");
            foreach (var (type, members) in items[i].Events)
            {
                yield return Next(type, $"{at},{members}");
            }

            yield return Next("response.output_item.done", $"\"output_index\":{i},\"item\":{items[i].Done}");
        }

        yield return Next($"response.{Status(answer)}", $"\"response\":{Json(answer)}");

        byte[] Next(string type, string members) => Event(type, $$"""{"type":"{{type}}","sequence_number":{{sequence++}},{{members}}}""");
    }

    public override IEnumerable<byte[]> FailingFrames(string message)
    {
        var frames = Beginning().ToList();
        return
        [
            .. frames,
            Event("error", $$"""{"type":"error","sequence_number":{{frames.Count}},"code":"server_error","message":{{Quote(message)}},"param":null}"""),
            Event("response.failed", $$$"""{"type":"response.failed","sequence_number":{{{frames.Count + 1}}},"response":{"id":"resp_67cc","object":"response","created_at":1741476542,"status":"failed","error":{"code":"server_error","message":{{{Quote(message)}}}},"incomplete_details":null,"model":"gpt-5-pro-2025-10-06","output":[],"usage":null}}"""),
        ];
    }

    public override string Error(int status, string message) =>
        $$$"""{"error":{"message":{{{Quote(message)}}},"type":"{{{(status == 429 ? "rate_limit_error" : status >= 500 ? "server_error" : status == 401 ? "authentication_error" : "invalid_request_error")}}}","param":null,"code":null}}""";

    public override IEnumerable<string> ErrorHeaders(int status) => status == 429
        ? ["x-ratelimit-limit-requests: 500", "x-ratelimit-remaining-requests: 7", "x-ratelimit-reset-requests: 1m30s", "retry-after: 13"]
        : [];

    private static string Status(Answer answer) => answer.Ending == Ending.Length ? "incomplete" : "completed";

    private static string Response(Answer answer, string output, string status) => $$"""
        {"id":"resp_67cc","object":"response","created_at":1741476542,"status":"{{status}}","background":false,"error":null,"incomplete_details":{{(status == "incomplete" ? "{\"reason\":\"max_output_tokens\"}" : "null")}},"instructions":null,"max_output_tokens":null,"model":"gpt-5-pro-2025-10-06","output":{{output}},"parallel_tool_calls":true,"previous_response_id":null,"store":true,"temperature":1.0,"tool_choice":"auto","tools":[],"top_p":1.0,"usage":{{(status == "in_progress" ? "null" : UsageJson)}},"metadata":{} }
        """.Trim();

    private IEnumerable<Item> Items(Answer answer)
    {
        if (answer.Thought is { } thought)
        {
            var events = new List<(string, string)> { ("response.reasoning_summary_part.added", "\"summary_index\":0,\"part\":{\"type\":\"summary_text\",\"text\":\"\"}") };
            events.AddRange(Pieces(thought).Select(piece => ("response.reasoning_summary_text.delta", $"\"summary_index\":0,\"delta\":{Quote(piece)}")));
            events.Add(("response.reasoning_summary_text.done", $"\"summary_index\":0,\"text\":{Quote(thought)}"));
            events.Add(("response.reasoning_summary_part.done", $"\"summary_index\":0,\"part\":{{\"type\":\"summary_text\",\"text\":{Quote(thought)}}}"));
            yield return new Item(
                "rs_67ccd", """{"id":"rs_67ccd","type":"reasoning","summary":[],"encrypted_content":"early"}""", events,
                $$"""{"id":"rs_67ccd","type":"reasoning","summary":[{"type":"summary_text","text":{{Quote(thought)}}}],"encrypted_content":{{Quote(Seal)}}}""");
        }

        if (answer.Text is { } text)
        {
            var (kind, member, more) = answer.Ending == Ending.Refused ? ("refusal", "refusal", "") : ("output_text", "text", ",\"annotations\":[],\"logprobs\":[]");
            string Part(string value) => $$"""{"type":"{{kind}}","{{member}}":{{Quote(value)}}{{more}}}""";
            var events = new List<(string, string)> { ("response.content_part.added", $"\"content_index\":0,\"part\":{Part("")}") };
            events.AddRange(Pieces(text).Select(piece => ($"response.{kind}.delta", $"\"content_index\":0,\"delta\":{Quote(piece)}")));
            events.Add(($"response.{kind}.done", $"\"content_index\":0,\"{member}\":{Quote(text)}"));
            events.Add(("response.content_part.done", $"\"content_index\":0,\"part\":{Part(text)}"));
            yield return new Item(
                "msg_67ccd", """{"id":"msg_67ccd","type":"message","status":"in_progress","role":"assistant","content":[]}""", events,
                $$"""{"id":"msg_67ccd","type":"message","status":"{{Status(answer)}}","role":"assistant","content":[{{Part(text)}}]}""");
        }

        for (var i = 0; i < answer.Calls.Count; i++)
        {
            var call = answer.Calls[i];
            var events = Pieces(call.Arguments).Select(piece => ("response.function_call_arguments.delta", $"\"delta\":{Quote(piece)}")).ToList();
            events.Add(("response.function_call_arguments.done", $"\"arguments\":{Quote(call.Arguments)}"));
            string Call(string status, string arguments) =>
                $$"""{"id":"fc_67ccd{{i}}","type":"function_call","status":"{{status}}","call_id":"{{CallId(i)}}","name":"{{call.Name}}","arguments":{{Quote(arguments)}}}""";
            yield return new Item($"fc_67ccd{i}", Call("in_progress", ""), events, Call("completed", call.Arguments));
        }
    }

    private sealed record Item(string Id, string Added, IReadOnlyList<(string Type, string Members)> Events, string Done);
}
