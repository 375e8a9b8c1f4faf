using System.Text.Json;
using System.Text.Json.Nodes;

namespace Gatehouse.Protocols.Tests.Aligned;

internal sealed class ResponsesFormat : IFormatReader
{
    public void ReadRequest(JsonElement body, Meaning meaning)
    {
        if (body.Text("instructions") is { } instructions)
        {
            _ = meaning.Text("system", instructions);
        }

        if (body.Text("input") is { } text)
        {
            _ = meaning.Text("user", text);
        }

        foreach (var item in body.All("input"))
        {
            ReadItem(item, meaning);
        }

        foreach (var tool in body.All("tools"))
        {
            ReadTool(tool, meaning);
        }

        meaning.Set("tool_choice", body.At("tool_choice") is { ValueKind: JsonValueKind.Object } choice
            ? $"tool {choice.Text("name")}"
            : body.Text("tool_choice"));
        var format = body.At("text").At("format");
        meaning.Set("format", format.At("type").Text() is "text" ? null : format.At("type").Text());
        meaning.Set("format.schema", Schemas.Reduced(format.At("schema")));
        meaning.Set("format.description", format.At("description"));
        meaning.Set("verbosity", body.At("text").At("verbosity"));
        meaning.Set("reasoning", body.At("reasoning").At("effort").Text());
        meaning.Set("reasoning.shown", body.At("reasoning").At("summary") is null ? null : "true");
        meaning.Set("max_tokens", body.At("max_output_tokens"));
        meaning.Set("user", body.At("safety_identifier") ?? body.At("user"));
        meaning.Rest("", body, "model", "instructions", "input", "tools", "tool_choice", "text", "reasoning", "max_output_tokens",
            "safety_identifier", "user");
    }

    public void ReadAnswer(JsonElement body, Meaning meaning)
    {
        foreach (var item in body.All("output"))
        {
            ReadItem(item, meaning);
        }

        meaning.Set("end", body.Text("status") switch
        {
            "completed" => meaning.HasCall ? "tools" : "end",
            "incomplete" when body.At("incomplete_details").At("reason").Text() == "max_output_tokens" => "length",
            "incomplete" => "filter",
            var other => other,
        });
        var usage = body.At("usage");
        var cached = usage.At("input_tokens_details").Count("cached_tokens");
        var written = usage.At("input_tokens_details").Count("cache_write_tokens");
        meaning.Set("usage.input", usage.Count("input_tokens") - cached - written);
        meaning.Set("usage.cache_read", cached);
        meaning.Set("usage.cache_write", written);
        meaning.Set("usage.output", usage.Count("output_tokens"));
        meaning.Set("usage.reasoning", usage.At("output_tokens_details").Count("reasoning_tokens"));
    }

    /// <summary>Texts and arguments are put together from the deltas; what came whole is taken as it is.</summary>
    public JsonElement Fold(IReadOnlyList<JsonElement> events)
    {
        var output = new SortedDictionary<int, JsonNode>();
        var whole = new JsonObject();
        foreach (var item in events)
        {
            var index = item.At("output_index") is { } at ? at.GetInt32() : -1;
            switch (item.Text("type"))
            {
                case "response.output_item.added":
                    output[index] = Emptied(JsonNode.Parse(item.GetProperty("item").GetRawText())!);
                    break;
                case "response.output_item.done":
                    Complete(output[index], item.GetProperty("item"));
                    break;
                case "response.output_text.delta":
                    Append(output[index], "content", "output_text", "text", item);
                    break;
                case "response.refusal.delta":
                    Append(output[index], "content", "refusal", "refusal", item);
                    break;
                case "response.reasoning_summary_text.delta":
                    Append(output[index], "summary", "summary_text", "text", item);
                    break;
                case "response.reasoning_text.delta":
                    Append(output[index], "content", "reasoning_text", "text", item);
                    break;
                case "response.function_call_arguments.delta":
                    output[index]["arguments"] = (string?)output[index]["arguments"] + item.Text("delta");
                    break;
                case "response.output_text.annotation.added":
                    Cite(output[index], item);
                    break;
                case "response.completed" or "response.incomplete" or "response.failed":
                    var response = item.GetProperty("response");
                    whole["status"] = response.Text("status");
                    whole["incomplete_details"] = Node(response.At("incomplete_details"));
                    whole["usage"] = Node(response.At("usage"));
                    break;
            }
        }

        whole["output"] = new JsonArray([.. output.Values]);
        return JsonDocument.Parse(whole.ToJsonString()).RootElement;
    }

    private static JsonNode? Node(JsonElement? element) => element is { } value ? JsonNode.Parse(value.GetRawText()) : null;

    private static JsonNode Emptied(JsonNode item)
    {
        switch ((string?)item["type"])
        {
            case "message":
                item["content"] = new JsonArray();
                break;
            case "reasoning":
                item["summary"] = new JsonArray();
                _ = item.AsObject().Remove("content");
                break;
            case "function_call":
                item["arguments"] = "";
                break;
        }

        return item;
    }

    private static void Complete(JsonNode item, JsonElement done)
    {
        foreach (var member in done.EnumerateObject())
        {
            if (member.Name is not ("content" or "summary" or "arguments"))
            {
                item[member.Name] = JsonNode.Parse(member.Value.GetRawText());
            }
        }
    }

    private static void Append(JsonNode item, string list, string type, string name, JsonElement delta)
    {
        var parts = item[list] as JsonArray ?? (JsonArray)(item[list] = new JsonArray());
        var index = (delta.At("content_index") ?? delta.At("summary_index"))!.Value.GetInt32();
        while (parts.Count <= index)
        {
            parts.Add(new JsonObject { ["type"] = type, [name] = "" });
        }

        parts[index]![name] = (string?)parts[index]![name] + delta.Text("delta");
    }

    private static void Cite(JsonNode item, JsonElement added)
    {
        var part = item["content"]![added.GetProperty("content_index").GetInt32()]!;
        var annotations = part["annotations"] as JsonArray ?? (JsonArray)(part["annotations"] = new JsonArray());
        annotations.Add(Node(added.At("annotation")));
    }

    private static void ReadTool(JsonElement tool, Meaning meaning)
    {
        if (tool.Text("type") != "function")
        {
            meaning.Set($"tool {tool.Text("type")}", tool);
            return;
        }

        var name = $"tool {tool.Text("name")}";
        meaning.Set(name, "");
        meaning.Set($"{name}.description", tool.At("description"));
        meaning.Set($"{name}.parameters", Schemas.Reduced(tool.At("parameters")));
        meaning.Rest($"{name}.", tool, "type", "name", "description", "parameters");
    }

    private static void ReadItem(JsonElement item, Meaning meaning)
    {
        switch (item.Text("type") ?? "message")
        {
            case "message":
                ReadMessage(item.Text("role") is "developer" or "system" ? "system" : item.Text("role")!, item, meaning);
                break;
            case "reasoning":
                foreach (var piece in item.All("summary").Concat(item.All("content")))
                {
                    meaning.Thought(piece.Text("text"));
                }

                meaning.Signature(item.Text("encrypted_content"));
                break;
            case "function_call":
                meaning.Call(item.Text("call_id"), item.Text("name")!, item.Text("arguments")!);
                break;
            case "function_call_output":
                var output = item.Text("output") ?? string.Concat(item.All("output").Select(p => p.Text("text")));
                meaning.Result(item.Text("call_id"), null, Meaning.Canonical(output));
                break;
            case "custom_tool_call":
                meaning.Call(item.Text("call_id"), item.Text("name")!, item.Text("input")!);
                break;
            case "custom_tool_call_output":
                meaning.Result(item.Text("call_id"), null, item.Text("output")!);
                break;
            case var type:
                meaning.Foreign(type, item);
                break;
        }
    }

    private static void ReadMessage(string role, JsonElement message, Meaning meaning)
    {
        if (message.Text("content") is { } text)
        {
            _ = meaning.Text(role, text);
        }

        foreach (var part in message.All("content"))
        {
            var name = part.Text("type") switch
            {
                "input_text" or "output_text" or "text" => meaning.Text(role, part.Text("text")!),
                "refusal" => meaning.Say(role, "refusal", part.Text("refusal")!),
                "input_image" => meaning.Say(role, "image", part.Text("image_url") ?? part.Text("file_id")!),
                "input_file" => meaning.Say(role, "file", part.Text("file_data") ?? part.Text("file_url") ?? part.Text("file_id")!),
                var type => meaning.Say(role, type!, Meaning.Canonical(part)),
            };
            meaning.Set($"{name}.file_name", part.At("filename"));
            foreach (var annotation in part.All("annotations"))
            {
                meaning.Cited(annotation.Text("url") ?? Meaning.Canonical(annotation));
            }

            meaning.CacheHere(part.At("prompt_cache_breakpoint"));
            meaning.Rest($"{name}.", part, "prompt_cache_breakpoint", "type", "text", "refusal", "image_url", "file_id", "file_data", "file_url", "filename", "detail",
                "annotations", "logprobs");
        }
    }
}
