using System.Text.Json;
using System.Text.Json.Nodes;

namespace Gatehouse.Protocols.Tests.Aligned;

internal sealed class AnthropicFormat : IFormatReader
{
    public void ReadRequest(JsonElement body, Meaning meaning)
    {
        ReadContent("system", body.At("system"), meaning);
        foreach (var message in body.All("messages"))
        {
            ReadContent(message.Text("role")!, message.At("content"), meaning);
        }

        foreach (var tool in body.All("tools"))
        {
            ReadTool(tool, meaning);
        }

        var choice = body.At("tool_choice");
        meaning.Set("tool_choice", choice.At("type").Text() switch
        {
            "any" => "required",
            "tool" => $"tool {choice.At("name").Text()}",
            var other => other,
        });
        if (choice.At("disable_parallel_tool_use") is { ValueKind: JsonValueKind.True })
        {
            meaning.Set("parallel_tool_calls", "false");
        }

        var format = body.At("output_config").At("format") ?? body.At("output_format");
        meaning.Set("format", format.At("type").Text());
        meaning.Set("format.schema", Schemas.Reduced(format.At("schema")));
        ReadThinking(body, meaning);
        meaning.Set("stop", body.At("stop_sequences"));
        meaning.Set("user", body.At("metadata").At("user_id"));
        meaning.Rest("", body, "model", "anthropic_version", "system", "messages", "tools", "tool_choice", "output_config", "output_format",
            "thinking", "stop_sequences", "metadata");
    }

    public void ReadAnswer(JsonElement body, Meaning meaning)
    {
        ReadContent("assistant", body.At("content"), meaning);
        meaning.Set("end", body.Text("stop_reason") switch
        {
            "end_turn" or "stop_sequence" => "end",
            "max_tokens" => "length",
            "tool_use" => "tools",
            var other => other,
        });
        var usage = body.At("usage");
        meaning.Set("usage.input", usage.Count("input_tokens"));
        meaning.Set("usage.cache_read", usage.Count("cache_read_input_tokens"));
        meaning.Set("usage.cache_write", usage.Count("cache_creation_input_tokens"));
        meaning.Set("usage.output", usage.Count("output_tokens"));
        meaning.Set("usage.reasoning", usage.At("output_tokens_details").Count("thinking_tokens"));
    }

    public JsonElement Fold(IReadOnlyList<JsonElement> events)
    {
        var whole = new JsonObject();
        var usage = new JsonObject();
        var content = new JsonArray();
        foreach (var item in events)
        {
            var block = item.At("index") is { } index ? index.GetInt32() : -1;
            switch (item.Text("type"))
            {
                case "message_start":
                    Merge(item.At("message").At("usage"), usage);
                    break;
                case "content_block_start":
                    Assert.Equal(content.Count, block);
                    content.Add(JsonNode.Parse(item.GetProperty("content_block").GetRawText()));
                    break;
                case "content_block_delta":
                    Fold(item.GetProperty("delta"), content[block]!);
                    break;
                case "message_delta":
                    Merge(item.At("usage"), usage);
                    whole["stop_reason"] = item.At("delta").At("stop_reason").Text();
                    break;
            }
        }

        foreach (var block in content.Where(b => b!["json"] is not null))
        {
            var json = (string)block!["json"]!;
            block["input"] = json.Length == 0 ? new JsonObject() : JsonNode.Parse(json);
        }

        whole["content"] = content;
        whole["usage"] = usage;
        return JsonDocument.Parse(whole.ToJsonString()).RootElement;
    }

    private static void Merge(JsonElement? from, JsonObject usage)
    {
        foreach (var member in from is { } told ? told.EnumerateObject().ToList() : [])
        {
            usage[member.Name] = JsonNode.Parse(member.Value.GetRawText());
        }
    }

    private static void Fold(JsonElement delta, JsonNode block)
    {
        foreach (var (name, into) in (ReadOnlySpan<(string, string)>)[("text", "text"), ("thinking", "thinking"), ("signature", "signature"), ("partial_json", "json")])
        {
            if (delta.Text(name) is { } piece)
            {
                block[into] = (string?)block[into] + piece;
            }
        }

        if (delta.At("citation") is { } citation)
        {
            (block["citations"] as JsonArray ?? (JsonArray)(block["citations"] = new JsonArray())).Add(JsonNode.Parse(citation.GetRawText()));
        }
    }

    private static void ReadThinking(JsonElement body, Meaning meaning)
    {
        var thinking = body.At("thinking");
        meaning.Set("reasoning", thinking.At("type").Text() switch
        {
            "disabled" => "none",
            "enabled" => $"{thinking.Count("budget_tokens")} tokens",
            var other => other,
        });
        meaning.Set("reasoning", body.At("output_config").At("effort").Text());
        if (thinking.At("display") is { } display)
        {
            meaning.Set("reasoning.shown", display.GetString() == "omitted" ? null : "true");
        }
    }

    private static void ReadTool(JsonElement tool, Meaning meaning)
    {
        if (tool.Text("type") is { } type and not "custom")
        {
            meaning.Set($"tool {type}", tool);
            return;
        }

        var name = $"tool {tool.Text("name")}";
        meaning.Set(name, "");
        meaning.Set($"{name}.description", tool.At("description"));
        meaning.Set($"{name}.parameters", Schemas.Reduced(tool.At("input_schema")));
        meaning.Rest($"{name}.", tool, "type", "name", "description", "input_schema");
    }

    private static void ReadContent(string role, JsonElement? content, Meaning meaning)
    {
        if (content.Text() is { } text)
        {
            _ = meaning.Text(role, text);
        }

        foreach (var block in content.All())
        {
            ReadBlock(role, block, meaning);
        }
    }

    private static void ReadBlock(string role, JsonElement block, Meaning meaning)
    {
        switch (block.Text("type"))
        {
            case "text":
                _ = meaning.Text(role, block.Text("text")!);
                break;
            case "thinking":
                meaning.Thought(block.Text("thinking"));
                meaning.Signature(block.Text("signature"));
                break;
            case "redacted_thinking":
                meaning.Signature(block.Text("data"));
                break;
            case "tool_use":
                meaning.Call(block.Text("id"), block.Text("name")!, block.GetProperty("input").GetRawText());
                break;
            case "tool_result":
                var result = block.Text("content") ?? string.Concat(block.All("content").Select(p => p.Text("text")));
                meaning.Result(block.Text("tool_use_id"), null, Meaning.Canonical(result));
                break;
            case "image" or "document":
                var source = block.At("source");
                var name = meaning.Say(role, block.Text("type") == "image" ? "image" : "file", source.At("type").Text() switch
                {
                    "base64" => $"data:{source.At("media_type").Text()};base64,{source.At("data").Text()}",
                    "text" => $"data:text/plain;base64,{Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(source.At("data").Text()!))}",
                    "url" => source.At("url").Text()!,
                    _ => Meaning.Canonical(source!.Value),
                });
                meaning.Set($"{name}.file_name", block.At("title"));
                break;
            case var type:
                meaning.Foreign(type!, block);
                break;
        }

        meaning.CacheHere(block.At("cache_control"));
        foreach (var citation in block.All("citations"))
        {
            meaning.Cited(citation.Text("url") ?? Meaning.Canonical(citation));
        }
    }
}
