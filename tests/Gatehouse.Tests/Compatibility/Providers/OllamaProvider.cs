using System.Text.Json.Nodes;
using Gatehouse.Tests.Harness;
using static Gatehouse.Tests.Compatibility.Shape;

namespace Gatehouse.Tests.Compatibility.Providers;

/// <summary>Ollama's own chat (ollama-openapi, <c>ChatRequest</c>; tool_name and thinking of a message as recorded).</summary>
internal sealed class OllamaProvider : Provider
{
    private const string Head = "\"model\":\"qwen3:4b\",\"created_at\":\"2026-08-04T19:59:07.694086Z\"";

    public override string Name => "Ollama";

    public override string Key => "ollama";

    public override string Model => "qwen3:4b";

    public override string StreamType => "application/x-ndjson";

    public override Tokens Tokens => Counted with { CacheRead = 0 };

    public override string? CallId(int index) => null;

    public override string Settings(string address) => $"kind: ollama, base_url: \"{address}\"";

    public override SeenPrompt ReadRequest(SeenRequest request)
    {
        Posts(request, "/api/chat");
        var body = Object(Body(request), "a request", "model! messages! tools format options stream! think keep_alive");
        Assert.Equal(Model, body["model"].Text());
        var options = Object(body["options"] ?? new JsonObject(), "the options", "num_predict temperature top_p top_k seed stop num_ctx");
        var prompt = new SeenPrompt { IsStream = (bool)body["stream"]!, MaxTokens = (long?)options["num_predict"], Schema = body["format"] as JsonObject };
        foreach (var tool in body["tools"] as JsonArray ?? [])
        {
            Assert.Equal("function", Object(tool, "a tool", "type! function!")["type"].Text());
            var function = Object(tool!["function"], "a function", "name! description parameters!");
            prompt.AddTool(function["name"].Text(), function["parameters"]);
        }

        foreach (var message in body["messages"].Items())
        {
            ReadMessage(prompt, Object(message, "a message", "role! content! images tool_calls tool_name tool_call_id thinking"));
        }

        return prompt;
    }

    private static void ReadMessage(SeenPrompt prompt, JsonObject message)
    {
        var (role, content) = (message["role"].Text(), message["content"].Text());
        Assert.Contains(role, ["system", "user", "assistant", "tool"], StringComparer.Ordinal);
        if (role == "tool")
        {
            prompt.AddResult(null, message["tool_name"].Text(), content);
            return;
        }

        if (message["thinking"] is { } thought)
        {
            prompt.Thoughts.Add(thought.Text());
        }

        if (content.Length > 0)
        {
            prompt.AddText(role, content);
        }

        foreach (var image in message["images"] as JsonArray ?? [])
        {
            Assert.Equal("user", role);
            prompt.AddImage("image/png", image.Text());
        }

        foreach (var call in message["tool_calls"] as JsonArray ?? [])
        {
            prompt.AddCall((string?)call!["id"], call["function"]!["name"].Text(), call["function"]!["arguments"]);
        }
    }

    private static string ReasonOf(Answer answer) => answer.Ending == Ending.Length ? "length" : "stop";

    private static string Calls(Answer answer) => answer.Calls.Count == 0
        ? ""
        : $",\"tool_calls\":[{string.Join(",", answer.Calls.Select(call => $$$"""{"function":{"name":"{{{call.Name}}}","arguments":{{{call.Arguments}}}}}"""))}]";

    private static string Tail(Answer answer) =>
        $"\"done\":true,\"done_reason\":\"{ReasonOf(answer)}\",\"total_duration\":3436748166,\"load_duration\":58938333,\"prompt_eval_count\":150,\"prompt_eval_duration\":323621959,\"eval_count\":20,\"eval_duration\":2815607790";

    public override string Json(Answer answer)
    {
        var thinking = answer.Thought is { } thought ? $",\"thinking\":{Quote(thought)}" : "";
        return $$"""{ {{Head}},"message":{"role":"assistant","content":{{Quote(answer.Text ?? "")}}{{thinking}}{{Calls(answer)}}},{{Tail(answer)}}}""";
    }

    public override IEnumerable<byte[]> Frames(Answer answer)
    {
        foreach (var piece in answer.Thought is null ? [] : Pieces(answer.Thought))
        {
            yield return Line($"\"content\":\"\",\"thinking\":{Quote(piece)}", "\"done\":false");
        }

        foreach (var piece in answer.Text is null ? [] : Pieces(answer.Text))
        {
            yield return Line($"\"content\":{Quote(piece)}", "\"done\":false");
        }

        if (answer.Calls.Count > 0)
        {
            yield return Line("\"content\":\"\"" + Calls(answer), "\"done\":false");
        }

        yield return Line("\"content\":\"\"", Tail(answer));
    }

    public override byte[] Garbage => Utf8("{\"message\": [{]}\n");

    public override IEnumerable<byte[]> FailingFrames(string message) => [.. Beginning(), Utf8(Error(500, message) + "\n")];

    public override string Error(int status, string message) => $$"""{"error":{{Quote(message)}}}""";

    public override IEnumerable<string> ErrorHeaders(int status) => status == 429 ? ["retry-after: 13"] : [];

    private static byte[] Line(string message, string rest) => Utf8($$"""{ {{Head}},"message":{"role":"assistant",{{message}}},{{rest}}}""" + "\n");
}
