using System.Text.Json;
using System.Text.Json.Nodes;

namespace Gatehouse.Protocols.Tests.Aligned;

internal sealed class BedrockFormat : IFormatReader
{
    public void ReadRequest(JsonElement body, Meaning meaning)
    {
        ReadContent("system", body.At("system"), meaning);
        foreach (var message in body.All("messages"))
        {
            ReadContent(message.Text("role")!, message.At("content"), meaning);
        }

        foreach (var tool in body.At("toolConfig").At("tools").All())
        {
            if (tool.At("toolSpec") is { } function)
            {
                var name = $"tool {function.Text("name")}";
                meaning.Set(name, "");
                meaning.Set($"{name}.description", function.At("description"));
                meaning.Set($"{name}.parameters", Schemas.Reduced(function.At("inputSchema").At("json")));
                meaning.Rest($"{name}.", function, "name", "description", "inputSchema");
            }
            else
            {
                meaning.Rest("tool ", tool);
            }
        }

        var choice = body.At("toolConfig").At("toolChoice");
        meaning.Set("tool_choice", choice.At("tool").At("name").Text() is { } only ? $"tool {only}"
            : choice.At("any") is not null ? "required"
            : choice.At("auto") is not null ? "auto" : null);
        var limits = body.At("inferenceConfig");
        meaning.Set("max_tokens", limits.At("maxTokens"));
        meaning.Set("temperature", limits.At("temperature"));
        meaning.Set("top_p", limits.At("topP"));
        meaning.Set("stop", limits.At("stopSequences"));
        ReadFormat(body.At("outputConfig").At("textFormat"), meaning);
        ReadAdditional(body.At("additionalModelRequestFields") ?? default, meaning);
        meaning.Set("metadata", body.At("requestMetadata"));
        meaning.Set("service_tier", body.At("serviceTier").At("type"));
        meaning.Rest("", body, "modelId", "system", "messages", "toolConfig", "inferenceConfig", "outputConfig", "additionalModelRequestFields",
            "requestMetadata", "serviceTier");
    }

    public void ReadAnswer(JsonElement body, Meaning meaning)
    {
        ReadContent("assistant", body.At("output").At("message").At("content"), meaning);
        meaning.Set("end", body.Text("stopReason") switch
        {
            "end_turn" or "stop_sequence" => "end",
            "max_tokens" => "length",
            "tool_use" => "tools",
            "content_filtered" or "guardrail_intervened" => "filter",
            var other => other,
        });
        var usage = body.At("usage");
        meaning.Set("usage.input", usage.Count("inputTokens"));
        meaning.Set("usage.cache_read", usage.Count("cacheReadInputTokens"));
        meaning.Set("usage.cache_write", usage.Count("cacheWriteInputTokens"));
        meaning.Set("usage.output", usage.Count("outputTokens"));
    }

    public JsonElement Fold(IReadOnlyList<JsonElement> events)
    {
        var whole = new JsonObject();
        var blocks = new SortedDictionary<int, JsonObject>();
        foreach (var item in events)
        {
            whole["stopReason"] = item.At("messageStop").At("stopReason").Text() ?? (string?)whole["stopReason"];
            if (item.At("metadata").At("usage") is { } usage)
            {
                whole["usage"] = JsonNode.Parse(usage.GetRawText());
            }

            if ((item.At("contentBlockStart") ?? item.At("contentBlockDelta")) is { } piece)
            {
                var index = piece.GetProperty("contentBlockIndex").GetInt32();
                if (!blocks.TryGetValue(index, out var block))
                {
                    blocks[index] = block = [];
                }

                Fold(piece, block);
            }
        }

        foreach (var call in blocks.Values.Select(b => b["toolUse"]).OfType<JsonNode>())
        {
            call["input"] = JsonNode.Parse((string?)call["input"] is { Length: > 0 } json ? json : "{}");
        }

        foreach (var block in blocks.Values.Where(b => b["citations"] is not null))
        {
            block["citationsContent"] = new JsonObject
            {
                ["content"] = new JsonArray(new JsonObject { ["text"] = (string?)block["text"] }),
                ["citations"] = block["citations"]!.DeepClone(),
            };
            _ = block.Remove("text");
        }

        whole["output"] = new JsonObject { ["message"] = new JsonObject { ["content"] = new JsonArray([.. blocks.Values]) } };
        return JsonDocument.Parse(whole.ToJsonString()).RootElement;
    }

    private static void Fold(JsonElement piece, JsonObject block)
    {
        if (piece.At("start").At("toolUse") is { } call)
        {
            block["toolUse"] = new JsonObject { ["toolUseId"] = call.Text("toolUseId"), ["name"] = call.Text("name"), ["input"] = "" };
        }

        var delta = piece.At("delta");
        if (delta.At("text").Text() is { } text)
        {
            block["text"] = (string?)block["text"] + text;
        }

        if (delta.At("toolUse").At("input").Text() is { } input)
        {
            block["toolUse"]!["input"] = (string?)block["toolUse"]!["input"] + input;
        }

        if (delta.At("citation") is { } citation)
        {
            (block["citations"] as JsonArray ?? (JsonArray)(block["citations"] = new JsonArray())).Add(JsonNode.Parse(citation.GetRawText()));
        }

        if (delta.At("reasoningContent") is { } thought)
        {
            var content = block["reasoningContent"] as JsonObject ?? (JsonObject)(block["reasoningContent"] = new JsonObject());
            if (thought.Text("redactedContent") is { } redacted)
            {
                content["redactedContent"] = redacted;
                return;
            }

            var reasoning = content["reasoningText"] as JsonObject ?? (JsonObject)(content["reasoningText"] = new JsonObject());
            reasoning["text"] = (string?)reasoning["text"] + thought.Text("text");
            reasoning["signature"] = (string?)reasoning["signature"] + thought.Text("signature");
        }
    }

    private static void ReadFormat(JsonElement? format, Meaning meaning)
    {
        var schema = format.At("structure").At("jsonSchema");
        meaning.Set("format", format.At("type").Text());
        meaning.Set("format.description", schema.At("description"));
        if (schema.At("schema").Text() is { } text)
        {
            meaning.Set("format.schema", Schemas.Reduced(JsonDocument.Parse(text).RootElement));
        }
    }

    private static void ReadAdditional(JsonElement fields, Meaning meaning)
    {
        var thinking = fields.At("thinking");
        meaning.Set("reasoning", thinking.At("type").Text() switch
        {
            "disabled" => "none",
            "enabled" => $"{thinking.Count("budget_tokens")} tokens",
            var other => other,
        });
        meaning.Set("reasoning", fields.At("output_config").At("effort").Text());
        meaning.Rest("", fields, "thinking", "output_config");
    }

    private static void ReadContent(string role, JsonElement? content, Meaning meaning)
    {
        foreach (var block in content.All())
        {
            ReadBlock(role, block, meaning);
        }
    }

    private static void ReadBlock(string role, JsonElement block, Meaning meaning)
    {
        if (block.Text("text") is { } text)
        {
            _ = meaning.Text(role, text);
        }
        else if (block.At("reasoningContent") is { } thought)
        {
            meaning.Thought(thought.At("reasoningText").At("text").Text());
            meaning.Signature(thought.At("reasoningText").At("signature").Text() ?? FromBase64(thought.Text("redactedContent")));
        }
        else if (block.At("toolUse") is { } call)
        {
            meaning.Call(call.Text("toolUseId"), call.Text("name")!, call.GetProperty("input").GetRawText());
        }
        else if (block.At("toolResult") is { } result)
        {
            var value = string.Concat(result.All("content").Select(p => p.Text("text") ?? p.At("json")?.GetRawText()));
            meaning.Result(result.Text("toolUseId"), null, Meaning.Canonical(value));
        }
        else if (block.At("document") is { } document)
        {
            var type = document.Text("format") == "txt" ? "text/plain" : $"application/{document.Text("format")}";
            var bytes = document.At("source").At("bytes").Text()
                ?? Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(document.At("source").At("text").Text() ?? ""));
            var name = meaning.Say(role, "file", $"data:{type};base64,{bytes}");
            meaning.Set($"{name}.file_name", document.At("name"));
        }
        else if (block.At("audio") is { } audio)
        {
            _ = meaning.Say(role, "audio", audio.At("source").At("bytes").Text()!);
        }
        else if (block.At("cachePoint") is { } point)
        {
            meaning.CacheHere(point);
        }
        else if (block.At("citationsContent") is { } cited)
        {
            _ = meaning.Text(role, string.Concat(cited.All("content").Select(c => c.Text("text"))));
            foreach (var citation in cited.All("citations"))
            {
                meaning.Cited(citation.At("location").At("web").At("url").Text() ?? Meaning.Canonical(citation));
            }
        }
        else
        {
            meaning.Foreign("block", block);
        }
    }

    // A blob: what is sealed for another format is carried in it as text.
    private static string? FromBase64(string? blob) => blob is null ? null : System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(blob));
}
