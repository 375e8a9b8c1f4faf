using System.Buffers;
using System.Text.Json.Nodes;
using Gatehouse.Protocols.EventStream;
using Gatehouse.Tests.Harness;
using static Gatehouse.Tests.Compatibility.Shape;

namespace Gatehouse.Tests.Compatibility.Providers;

/// <summary>AWS Bedrock's Converse and ConverseStream (bedrock-runtime 2023-09-30), with a model of Anthropic's.</summary>
internal sealed class BedrockProvider : Provider
{
    private const string UsageJson = """{"inputTokens":100,"outputTokens":20,"totalTokens":170,"cacheReadInputTokens":40,"cacheWriteInputTokens":10}""";

    public override string Name => "Bedrock Converse";

    public override string Key => "bedrock";

    public override string Model => "us.anthropic.claude-haiku-4-5-20251001-v1:0";

    public override string StreamType => "application/vnd.amazon.eventstream";

    public override bool SealsThoughts => true;

    public override string? CallId(int index) => $"tooluse_{"AbC"[index]}x";

    public override string Settings(string address) => $"kind: bedrock, api_key: secret, region: us-east-1, base_url: \"{address}\"";

    public override SeenPrompt ReadRequest(SeenRequest request)
    {
        var isStream = request.Target.EndsWith("converse-stream", StringComparison.Ordinal);
        Posts(request, $"/model/us.anthropic.claude-haiku-4-5-20251001-v1%3A0/{(isStream ? "converse-stream" : "converse")}");
        Assert.Equal("Bearer secret", request.Headers["authorization"]);
        var body = Object(Body(request), "a request", "messages! system inferenceConfig toolConfig additionalModelRequestFields outputConfig");
        var inference = Object(body["inferenceConfig"] ?? new JsonObject(), "the inferenceConfig", "maxTokens temperature topP stopSequences");
        var prompt = new SeenPrompt { IsStream = isStream, MaxTokens = (long?)inference["maxTokens"] };
        if (body["outputConfig"] is { } output)
        {
            var format = Object(Object(output, "the outputConfig", "textFormat!")["textFormat"], "a format", "type! structure!");
            Assert.Equal("json_schema", format["type"].Text());
            var schema = Object(Object(format["structure"], "a structure", "jsonSchema!")["jsonSchema"], "a schema", "schema! name description");
            prompt.Schema = JsonNode.Parse(schema["schema"].Text());
        }

        foreach (var block in body["system"] as JsonArray ?? [])
        {
            prompt.System.Add(Object(block, "a system block", "text!")["text"].Text());
        }

        if (body["toolConfig"] is { } tools)
        {
            _ = Object(tools, "the toolConfig", "tools! toolChoice");
            Assert.NotEmpty(tools["tools"].Items());
            Assert.True(tools["toolChoice"] is null || Assert.Single(tools["toolChoice"]!.AsObject()).Key is "auto" or "any" or "tool");
            foreach (var tool in tools["tools"].Items())
            {
                var spec = Object(Object(tool, "a tool", "toolSpec!")["toolSpec"], "a toolSpec", "name! description inputSchema! strict");
                prompt.AddTool(spec["name"].Text(), Object(spec["inputSchema"], "a schema", "json!")["json"]);
            }
        }

        ReadMessages(prompt, body["messages"].Items());
        Assert.True(prompt.CallIds.Count == 0 || prompt.Tools.Count > 0, "a history with calls needs toolConfig");
        return prompt;
    }

    private static void ReadMessages(SeenPrompt prompt, JsonArray messages)
    {
        Assert.Equal("user", messages[0]!["role"].Text());
        var (lastRole, unanswered) = ("", 0);
        foreach (var message in messages)
        {
            var role = Object(message, "a message", "role! content!")["role"].Text();
            Assert.NotEqual(lastRole, role, StringComparer.Ordinal);
            lastRole = role;
            var blocks = message!["content"].Items();
            Assert.NotEmpty(blocks);
            Assert.Equal(unanswered, blocks.Count(block => block!["toolResult"] is not null));
            unanswered = blocks.Count(block => block!["toolUse"] is not null);
            foreach (var block in blocks)
            {
                ReadBlock(prompt, role, Assert.Single(block!.AsObject()));
            }
        }

        Assert.Equal(0, unanswered);
    }

    private static void ReadBlock(SeenPrompt prompt, string role, KeyValuePair<string, JsonNode?> block)
    {
        var value = block.Value!;
        switch (block.Key)
        {
            case "text":
                Assert.NotEmpty(value.Text().Trim());
                prompt.AddText(role, value.Text());
                break;
            case "image":
                Assert.Equal("png", Object(value, "an image", "format! source!")["format"].Text());
                prompt.AddImage("image/png", Object(value["source"], "a source", "bytes!")["bytes"].Text());
                break;
            case "toolUse":
                Assert.Matches("^[a-zA-Z0-9_-]{1,64}$", Object(value, "a call", "toolUseId! name! input!")["toolUseId"].Text());
                prompt.AddCall(value["toolUseId"].Text(), value["name"].Text(), value["input"]);
                break;
            case "toolResult":
                var content = Assert.Single(Object(value, "a result", "toolUseId! content! status")["content"].Items());
                prompt.AddResult(value["toolUseId"].Text(), null, (Object(content, "a result's content", "text json")["text"] ?? content!["json"]!["result"]).Text());
                break;
            default:
                Assert.Equal("reasoningContent", block.Key);
                var thought = Object(Object(value, "a thought", "reasoningText!")["reasoningText"], "a thought's text", "text! signature!");
                prompt.Thoughts.Add(thought["text"].Text());
                prompt.Seals.Add(thought["signature"].Text());
                break;
        }
    }

    private static string ReasonOf(Answer answer) => answer.Ending switch
    {
        Ending.Length => "max_tokens",
        Ending.ToolUse => "tool_use",
        Ending.Refused => "guardrail_intervened",
        _ => "end_turn",
    };

    public override string Json(Answer answer)
    {
        var blocks = new List<string>();
        if (answer.Thought is { } thought)
        {
            blocks.Add($$$$"""{"reasoningContent":{"reasoningText":{"text":{{{{Quote(thought)}}}},"signature":{{{{Quote(Seal)}}}}}}}""");
        }

        if (answer.Text is { } text)
        {
            blocks.Add($$"""{"text":{{Quote(text)}}}""");
        }

        blocks.AddRange(answer.Calls.Select((call, i) => $$$"""{"toolUse":{"toolUseId":"{{{CallId(i)}}}","name":"{{{call.Name}}}","input":{{{call.Arguments}}}}}"""));
        return $$"""{"metrics":{"latencyMs":501},"output":{"message":{"content":[{{string.Join(",", blocks)}}],"role":"assistant"} },"stopReason":"{{ReasonOf(answer)}}","usage":{{UsageJson}}}""";
    }

    public override IEnumerable<byte[]> Frames(Answer answer)
    {
        yield return Message("messageStart", """{"p":"abcd","role":"assistant"}""");
        var index = 0;
        if (answer.Thought is { } thought)
        {
            foreach (var piece in Pieces(thought))
            {
                yield return Delta($$$"""{"reasoningContent":{"text":{{{Quote(piece)}}}}}""");
            }

            yield return Delta($$$"""{"reasoningContent":{"signature":{{{Quote(Seal)}}}}}""");
            yield return Stop();
        }

        if (answer.Text is { } text)
        {
            foreach (var piece in Pieces(text))
            {
                yield return Delta($$"""{"text":{{Quote(piece)}}}""");
            }

            yield return Stop();
        }

        for (var i = 0; i < answer.Calls.Count; i++)
        {
            yield return Message("contentBlockStart", $$$"""{"contentBlockIndex":{{{index}}},"p":"ab","start":{"toolUse":{"name":"{{{answer.Calls[i].Name}}}","toolUseId":"{{{CallId(i)}}}"} } }""");
            foreach (var piece in answer.Calls[i].Arguments == "{}" ? [""] : Pieces(answer.Calls[i].Arguments))
            {
                yield return Delta($$$"""{"toolUse":{"input":{{{Quote(piece)}}}}}""");
            }

            yield return Stop();
        }

        yield return Message("messageStop", $$"""{"p":"abcdef","stopReason":"{{ReasonOf(answer)}}"}""");
        yield return Message("metadata", $$$"""{"metrics":{"latencyMs":501},"p":"ab","usage":{{{UsageJson}}}}""");

        byte[] Delta(string delta) => Message("contentBlockDelta", $$"""{"contentBlockIndex":{{index}},"delta":{{delta}},"p":"abc"}""");
        byte[] Stop() => Message("contentBlockStop", $$"""{"contentBlockIndex":{{index++}},"p":"abc"}""");
    }

    /// <summary>A message whose checksum is wrong.</summary>
    public override byte[] Garbage
    {
        get
        {
            var message = Message("contentBlockDelta", """{"contentBlockIndex":0,"delta":{"text":"x"}}""");
            message[^1] ^= 1;
            return message;
        }
    }

    public override IEnumerable<byte[]> FailingFrames(string message)
    {
        var failure = new ArrayBufferWriter<byte>();
        EventStreamWriter.WriteException(failure, "modelStreamErrorException", Utf8($$"""{"message":{{Quote(message)}},"originalStatusCode":500}"""));
        return [.. Beginning(), failure.WrittenSpan.ToArray()];
    }

    public override string Error(int status, string message) => $$"""{"message":{{Quote(message)}}}""";

    public override IEnumerable<string> ErrorHeaders(int status) =>
        [$"x-amzn-errortype: {(status switch { 401 => "UnrecognizedClientException", 429 => "ThrottlingException", >= 500 => "InternalServerException", _ => "ValidationException" })}", "x-amzn-requestid: req_upstream", .. status == 429 ? (string[])["retry-after: 13"] : []];

    private static byte[] Message(string type, string json)
    {
        var message = new ArrayBufferWriter<byte>();
        EventStreamWriter.WriteEvent(message, type, Utf8(json));
        return message.WrittenSpan.ToArray();
    }
}
