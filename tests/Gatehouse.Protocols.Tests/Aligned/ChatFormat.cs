using System.Text.Json;
using System.Text.Json.Nodes;

namespace Gatehouse.Protocols.Tests.Aligned;

internal sealed class ChatFormat : IFormatReader
{
    public void ReadRequest(JsonElement body, Meaning meaning)
    {
        foreach (var message in body.All("messages"))
        {
            ReadMessage(message, meaning);
        }

        foreach (var tool in body.All("tools"))
        {
            if (tool.At("function") is { } function)
            {
                ReadFunction(function, meaning);
            }
            else
            {
                meaning.Set($"tool {tool.Text("type")}", tool);
            }
        }

        meaning.Set("tool_choice", body.At("tool_choice") is { ValueKind: JsonValueKind.Object } choice
            ? $"tool {choice.At("function").At("name").Text()}"
            : body.Text("tool_choice"));
        var format = body.At("response_format");
        meaning.Set("format", format.At("type").Text() is "text" ? null : format.At("type").Text());
        meaning.Set("format.schema", Schemas.Reduced(format.At("json_schema").At("schema")));
        meaning.Set("format.description", format.At("json_schema").At("description"));
        meaning.Set("reasoning", body.Text("reasoning_effort"));
        meaning.Set("max_tokens", body.At("max_completion_tokens") ?? body.At("max_tokens"));
        meaning.Set("stop", body.At("stop"));
        meaning.Set("user", body.At("safety_identifier") ?? body.At("user"));
        meaning.Rest("", body, "model", "messages", "tools", "tool_choice", "response_format", "reasoning_effort", "max_completion_tokens",
            "max_tokens", "stop", "safety_identifier", "user", "stream_options");
    }

    public void ReadAnswer(JsonElement body, Meaning meaning)
    {
        var choice = body.All("choices").FirstOrDefault();
        if (choice.At("message") is { } message)
        {
            ReadMessage(message, meaning);
        }

        meaning.Set("end", choice.Text("finish_reason") switch
        {
            "stop" => "end",
            "tool_calls" or "function_call" => "tools",
            "content_filter" => "filter",
            var other => other,
        });
        var usage = body.At("usage");
        var cached = usage.At("prompt_tokens_details").Count("cached_tokens");
        var written = usage.At("prompt_tokens_details").Count("cache_write_tokens");
        meaning.Set("usage.input", usage.Count("prompt_tokens") - cached - written);
        meaning.Set("usage.cache_read", cached);
        meaning.Set("usage.cache_write", written);
        meaning.Set("usage.output", usage.Count("completion_tokens"));
        meaning.Set("usage.reasoning", usage.At("completion_tokens_details").Count("reasoning_tokens"));
    }

    public JsonElement Fold(IReadOnlyList<JsonElement> events)
    {
        var message = new JsonObject { ["role"] = "assistant" };
        var calls = new SortedDictionary<int, JsonObject>();
        var details = new JsonArray();
        var annotations = new JsonArray();
        string? reason = null;
        JsonElement? usage = null;
        foreach (var chunk in events)
        {
            usage = chunk.At("usage") ?? usage;
            var choice = chunk.All("choices").FirstOrDefault();
            reason = choice.Text("finish_reason") ?? reason;
            if (choice.At("delta") is not { } delta)
            {
                continue;
            }

            foreach (var name in (ReadOnlySpan<string>)["content", "refusal", "reasoning", "reasoning_content"])
            {
                if (delta.Text(name) is { Length: > 0 } text)
                {
                    message[name] = (string?)message[name] + text;
                }
            }

            if (delta.At("audio").At("data").Text() is { } sound)
            {
                message["audio"] = new JsonObject { ["data"] = (string?)message["audio"]?["data"] + sound };
            }

            foreach (var detail in delta.All("reasoning_details"))
            {
                details.Add(JsonNode.Parse(detail.GetRawText()));
            }

            foreach (var annotation in delta.All("annotations"))
            {
                annotations.Add(JsonNode.Parse(annotation.GetRawText()));
            }

            foreach (var call in delta.All("tool_calls"))
            {
                Fold(call, calls);
            }
        }

        if (calls.Count > 0)
        {
            message["tool_calls"] = new JsonArray([.. calls.Values]);
        }

        message["annotations"] = annotations;
        message["reasoning_details"] = details;

        var whole = new JsonObject { ["choices"] = new JsonArray(new JsonObject { ["message"] = message, ["finish_reason"] = reason }) };
        whole["usage"] = usage is { } told ? JsonNode.Parse(told.GetRawText()) : null;
        return JsonDocument.Parse(whole.ToJsonString()).RootElement;
    }

    private static void Fold(JsonElement piece, SortedDictionary<int, JsonObject> calls)
    {
        var index = piece.GetProperty("index").GetInt32();
        if (!calls.TryGetValue(index, out var call))
        {
            calls[index] = call = new JsonObject { ["function"] = new JsonObject { ["name"] = "", ["arguments"] = "" } };
        }

        var function = call["function"]!;
        var told = piece.At("function") ?? piece.At("custom");
        call["id"] ??= piece.Text("id");
        function["name"] = (string?)function["name"] + told.At("name").Text();
        function["arguments"] = (string?)function["arguments"] + (told.At("arguments") ?? told.At("input")).Text();
        if (piece.At("extra_content") is { } extra)
        {
            call["extra_content"] = JsonNode.Parse(extra.GetRawText());
        }
    }

    private static void ReadFunction(JsonElement function, Meaning meaning)
    {
        var name = $"tool {function.Text("name")}";
        meaning.Set(name, "");
        meaning.Set($"{name}.description", function.At("description"));
        meaning.Set($"{name}.parameters", Schemas.Reduced(function.At("parameters")));
        meaning.Set($"{name}.strict", function.At("strict"));
    }

    private static void ReadMessage(JsonElement message, Meaning meaning)
    {
        var role = message.Text("role") is "developer" or "system" ? "system" : message.Text("role")!;
        if (role == "tool")
        {
            var content = message.Text("content") ?? string.Concat(message.All("content").Select(p => p.Text("text")));
            meaning.Result(message.Text("tool_call_id"), null, Meaning.Canonical(content));
            return;
        }

        var details = message.All("reasoning_details").ToList();
        if (details.Exists(d => d.Text("text") is not null || d.Text("summary") is not null))
        {
            details.ForEach(d => meaning.Thought(d.Text("text") ?? d.Text("summary")));
        }
        else
        {
            meaning.Thought(message.Text("reasoning_content") ?? message.Text("reasoning"));
        }

        details.ForEach(d => meaning.Signature(d.Text("signature") ?? d.Text("data")));
        if (message.Text("content") is { } text)
        {
            _ = meaning.Text(role, text);
        }

        foreach (var part in message.All("content"))
        {
            ReadPart(role, part, meaning);
        }

        if (message.At("audio").At("data").Text() is { } audio)
        {
            _ = meaning.Say(role, "audio", audio);
        }

        foreach (var annotation in message.All("annotations"))
        {
            meaning.Cited(annotation.At("url_citation").At("url").Text() ?? Meaning.Canonical(annotation));
        }

        if (message.Text("refusal") is { } refusal)
        {
            _ = meaning.Say(role, "refusal", refusal);
        }

        foreach (var call in message.All("tool_calls"))
        {
            var function = call.At("function") ?? call.At("custom");
            meaning.Call(call.Text("id"), function.At("name").Text()!, (function.At("arguments") ?? function.At("input")).Text()!);
            meaning.Signature(call.At("extra_content").At("google").At("thought_signature").Text());
        }
    }

    private static void ReadPart(string role, JsonElement part, Meaning meaning)
    {
        var name = part.Text("type") switch
        {
            "text" => meaning.Text(role, part.Text("text")!),
            "image_url" => meaning.Say(role, "image", part.At("image_url").At("url").Text()!),
            "file" => meaning.Say(role, "file", part.At("file").At("file_data").Text() ?? part.At("file").At("file_id").Text()!),
            var type => meaning.Say(role, type!, Meaning.Canonical(part)),
        };
        meaning.CacheHere(part.At("cache_control") ?? part.At("prompt_cache_breakpoint"));
        meaning.Set($"{name}.file_name", part.At("file").At("filename"));
        meaning.Rest($"{name}.", part, "type", "text", "image_url", "file", "cache_control", "prompt_cache_breakpoint");
    }
}
