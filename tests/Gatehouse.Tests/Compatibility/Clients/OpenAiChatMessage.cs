using System.Text.Json.Nodes;

namespace Gatehouse.Tests.Compatibility.Clients;

/// <summary>The message that the chunks of a stream add up to, as OpenAI's SDK does it.</summary>
internal sealed class OpenAiChatMessage
{
    private readonly JsonObject _message = new() { ["role"] = "assistant", ["content"] = null };
    private bool _hasRole;

    public string? FinishReason { get; private set; }

    public JsonNode? Usage { get; private set; }

    public string Text => (string?)_message["content"] ?? "";

    public void Add(JsonNode chunk)
    {
        Assert.Null(Usage);
        Usage = chunk["usage"] as JsonObject;
        var choices = chunk["choices"].Items();
        if (choices.Count == 0)
        {
            Assert.True(Usage is not null && FinishReason is not null, "a chunk without choices is the last, with the usage");
            return;
        }

        Assert.Null(FinishReason);
        var choice = Assert.Single(choices)!;
        Assert.Equal(0, choice["index"].Number());
        var delta = Shape.Object(choice["delta"], "a delta", "role content refusal tool_calls reasoning_content reasoning_details");
        if (!_hasRole)
        {
            Assert.Equal("assistant", delta["role"].Text());
            _hasRole = true;
        }

        foreach (var name in new[] { "content", "refusal", "reasoning_content" })
        {
            if (delta[name] is { } text)
            {
                _message[name] = (string?)_message[name] + text.Text();
            }
        }

        foreach (var call in delta["tool_calls"] as JsonArray ?? [])
        {
            AddCall(call!);
        }

        foreach (var detail in delta["reasoning_details"] as JsonArray ?? [])
        {
            AddDetail(detail!);
        }

        FinishReason = (string?)choice["finish_reason"];
    }

    public JsonObject ToJson() => _message;

    private void AddCall(JsonNode delta)
    {
        if (_message["tool_calls"] is not JsonArray calls)
        {
            _message["tool_calls"] = calls = [];
        }

        var index = (int)delta["index"].Number();
        if (index == calls.Count)
        {
            Assert.Equal("function", delta["type"].Text());
            var first = new JsonObject
            {
                ["id"] = delta["id"].Text(),
                ["type"] = "function",
                ["function"] = new JsonObject { ["name"] = delta["function"]!["name"].Text(), ["arguments"] = (string?)delta["function"]!["arguments"] ?? "" },
            };
            if (delta["extra_content"] is { } extra)
            {
                first["extra_content"] = extra.DeepClone();
            }

            calls.Add(first);
            return;
        }

        Assert.InRange(index, 0, calls.Count - 1);
        Assert.Null(delta["id"]);
        var call = calls[index]!;
        call["function"]!["arguments"] = call["function"]!["arguments"].Text() + delta["function"]!["arguments"].Text();
        if (delta["extra_content"] is { } late)
        {
            call["extra_content"] = late.DeepClone();
        }
    }

    /// <summary>As OpenRouter tells its clients: pieces with the same index and type are one.</summary>
    private void AddDetail(JsonNode detail)
    {
        if (_message["reasoning_details"] is not JsonArray details)
        {
            _message["reasoning_details"] = details = [];
        }

        var open = details.FirstOrDefault(d => d!["type"].Text() == detail["type"].Text() && detail["index"] is not null && JsonNode.DeepEquals(d["index"], detail["index"]));
        if (open is null)
        {
            details.Add(detail.DeepClone());
            return;
        }

        foreach (var (name, value) in detail.AsObject())
        {
            open[name] = name is "text" or "summary" or "data" ? (string?)open[name] + (string?)value : value?.DeepClone() ?? open[name]?.DeepClone();
        }
    }
}
