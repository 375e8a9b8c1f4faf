using System.Text.Json.Nodes;

namespace Gatehouse.Tests.Compatibility.Clients;

/// <summary>
/// The message that the events of a stream add up to. Its rules: every event has its name, one message_start, one open block at a time,
/// indexes without gaps, deltas of the block's own kind, one message_delta after the last block, message_stop at the end.
/// </summary>
internal sealed class AnthropicMessage
{
    private bool _hasStarted;
    private string _arguments = "";
    private JsonNode? _open;

    public JsonArray Content { get; } = [];

    public JsonObject Usage { get; private set; } = [];

    public string? StopReason { get; private set; }

    public bool IsComplete { get; private set; }

    public string? Failure { get; private set; }

    public void Add(EventText e)
    {
        var json = e.Json;
        Assert.Equal(e.Name, json["type"].Text());
        Assert.False(IsComplete, "nothing follows message_stop");
        Assert.Null(Failure);
        Assert.Equal(_hasStarted, e.Name is not ("message_start" or "error") || (e.Name == "error" && _hasStarted));
        switch (e.Name)
        {
            case "message_start":
                _hasStarted = true;
                Assert.Empty(json["message"]!["content"].Items());
                Usage = Assert.IsType<JsonObject>(json["message"]!["usage"]!.DeepClone());
                break;
            case "content_block_start":
                Assert.Null(_open);
                Assert.Null(StopReason);
                Assert.Equal(Content.Count, json["index"].Number());
                Content.Add(_open = json["content_block"]!.DeepClone());
                _arguments = "";
                break;
            case "content_block_delta":
                Assert.NotNull(_open);
                Assert.Equal(Content.Count - 1, json["index"].Number());
                AddDelta(_open, json["delta"]!);
                break;
            case "content_block_stop":
                Assert.NotNull(_open);
                Assert.Equal(Content.Count - 1, json["index"].Number());
                if (_open["type"].Text() == "tool_use")
                {
                    Assert.Empty(Assert.IsType<JsonObject>(_open["input"]));
                    _open["input"] = JsonNode.Parse(_arguments.Length == 0 ? "{}" : _arguments);
                }

                _open = null;
                break;
            case "message_delta":
                Assert.Null(_open);
                Assert.Null(StopReason);
                StopReason = json["delta"]!["stop_reason"].Text();
                foreach (var (name, value) in json["usage"]!.AsObject())
                {
                    Usage[name] = value?.DeepClone();
                }

                break;
            case "message_stop":
                Assert.NotNull(StopReason);
                IsComplete = true;
                break;
            case "error":
                Failure = json["error"]!["message"].Text();
                Assert.NotEmpty(json["error"]!["type"].Text());
                break;
            default:
                Assert.Equal("ping", e.Name);
                break;
        }
    }

    private void AddDelta(JsonNode block, JsonNode delta)
    {
        var (type, member) = delta["type"].Text() switch
        {
            "text_delta" => ("text", "text"),
            "thinking_delta" => ("thinking", "thinking"),
            "signature_delta" => ("thinking", "signature"),
            "input_json_delta" => ("tool_use", "partial_json"),
            var other => throw new InvalidOperationException($"a delta of {other}"),
        };
        Assert.Equal(type, block["type"].Text());
        if (member == "partial_json")
        {
            _arguments += delta[member].Text();
        }
        else
        {
            block[member] = (string?)block[member] + delta[member].Text();
        }
    }
}
