using System.Text.Json.Nodes;

namespace Gatehouse.Tests.Compatibility.Clients;

/// <summary>
/// The response that the events of a stream add up to. Its rules: an event's name is its type, sequence numbers without gaps, created and
/// in_progress first, every item added before anything of it and done once, every part likewise, "done" texts equal to their deltas, and
/// the output of the last event equal to the items that were done.
/// </summary>
internal sealed class ResponseEvents
{
    private readonly List<Item> _items = [];
    private int _count;
    private bool _hasEnded;

    /// <summary>The whole response; null when it did not end properly.</summary>
    public JsonNode? Final { get; private set; }

    public string? Failure { get; private set; }

    public string Text { get; private set; } = "";

    public void Add(EventText e)
    {
        var json = e.Json;
        var type = json["type"].Text();
        Assert.Equal(e.Name, type);
        Assert.Equal(_count, json["sequence_number"].Number());
        Assert.False(_hasEnded, "nothing follows the last event");
        Assert.True(_count > 1 || type == (_count == 0 ? "response.created" : "response.in_progress"), $"event {_count} is {type}");
        _count++;
        switch (type)
        {
            case "response.created" or "response.in_progress":
                Assert.Equal("in_progress", json["response"]!["status"].Text());
                Assert.Empty(json["response"]!["output"].Items());
                break;
            case "response.output_item.added":
                Assert.Equal(_items.Count, json["output_index"].Number());
                _items.Add(new Item(json["item"]!));
                break;
            case "response.output_item.done":
                ItemOf(json).Finish(json["item"]!);
                break;
            case "response.completed" or "response.incomplete":
                End(json["response"]!, type["response.".Length..]);
                Final = json["response"];
                break;
            case "response.failed":
                _hasEnded = true;
                Assert.Equal("failed", json["response"]!["status"].Text());
                Failure = json["response"]!["error"]!["message"].Text();
                break;
            case "error":
                Failure = json["message"].Text();
                break;
            default:
                var item = ItemOf(json);
                Text += type == "response.output_text.delta" ? json["delta"].Text() : "";
                item.Add(type, json);
                break;
        }
    }

    private Item ItemOf(JsonNode json)
    {
        var item = _items[(int)json["output_index"].Number()];
        Assert.Equal(item.Id, (string?)json["item_id"] ?? (string?)json["item"]?["id"]);
        return item;
    }

    private void End(JsonNode response, string status)
    {
        _hasEnded = true;
        Assert.Equal(status, response["status"].Text());
        var output = response["output"].Items();
        Assert.Equal(_items.Count, output.Count);
        for (var i = 0; i < output.Count; i++)
        {
            Assert.True(_items[i].Done is not null, $"item {i} is done");
            Assert.Equal(SeenPrompt.Canonical(_items[i].Done), SeenPrompt.Canonical(output[i]));
        }
    }

    private sealed class Item(JsonNode added)
    {
        private readonly Dictionary<string, string> _texts = new(StringComparer.Ordinal);
        private readonly HashSet<string> _open = new(StringComparer.Ordinal);
        private readonly string _type = added["type"].Text();

        public string Id { get; } = added["id"].Text();

        public JsonNode? Done { get; private set; }

        public void Add(string type, JsonNode json)
        {
            Assert.Null(Done);
            var part = $"{(string?)json["content_index"]?.ToString()}/{(string?)json["summary_index"]?.ToString()}";
            switch (type)
            {
                case "response.content_part.added" or "response.reasoning_summary_part.added":
                    Assert.True(_open.Add(part), "a part is added once");
                    Assert.Empty(_texts.GetValueOrDefault(part, ""));
                    break;
                case "response.content_part.done" or "response.reasoning_summary_part.done":
                    Assert.True(_open.Remove(part), "a part is done once");
                    Assert.Equal(_texts[part], (json["part"]!["text"] ?? json["part"]!["refusal"]).Text());
                    break;
                case "response.function_call_arguments.delta":
                    Assert.Equal("function_call", _type);
                    _texts["arguments"] = _texts.GetValueOrDefault("arguments", "") + json["delta"].Text();
                    break;
                case "response.function_call_arguments.done":
                    Assert.Equal(_texts["arguments"], json["arguments"].Text());
                    break;
                case "response.output_text.delta" or "response.refusal.delta" or "response.reasoning_summary_text.delta" or "response.reasoning_text.delta":
                    Assert.Contains(part, _open);
                    Assert.Equal(type.Contains("reasoning", StringComparison.Ordinal) ? "reasoning" : "message", _type);
                    _texts[part] = _texts.GetValueOrDefault(part, "") + json["delta"].Text();
                    break;
                case "response.output_text.done" or "response.reasoning_summary_text.done" or "response.reasoning_text.done":
                    Assert.Equal(_texts[part], json["text"].Text());
                    break;
                case "response.refusal.done":
                    Assert.Equal(_texts[part], json["refusal"].Text());
                    break;
                default:
                    throw new InvalidOperationException($"an event of {type}");
            }
        }

        public void Finish(JsonNode done)
        {
            Assert.Null(Done);
            Assert.Empty(_open);
            Assert.Equal(_type, done["type"].Text());
            Done = done;
            if (_type == "function_call")
            {
                Assert.Equal(_texts["arguments"], done["arguments"].Text());
            }
        }
    }
}
