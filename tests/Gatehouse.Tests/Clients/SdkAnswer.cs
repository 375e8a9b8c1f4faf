using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace Gatehouse.Tests.Clients;

/// <summary>What an answer says: its text, and its tool calls as <c>name {arguments}</c> with the arguments as compact JSON.</summary>
internal sealed record SdkAnswer(string Text, string Calls)
{
    public static SdkAnswer Of(string text, IEnumerable<(string Name, string Arguments)> calls) => new(
        text, string.Join('\n', calls.Select(call => $"{call.Name} {JsonSerializer.Serialize(JsonElement.Parse(call.Arguments.Length == 0 ? "{}" : call.Arguments))}")));

    /// <summary>Reads a recorded answer of a provider's own format; shares nothing with the gateway.</summary>
    public static SdkAnswer Read(string provider, byte[] body, bool isStream)
    {
        var text = new StringBuilder();
        var calls = new SortedDictionary<int, (string Name, string Arguments)>();
        foreach (var json in isStream ? Events(provider, body) : [JsonElement.Parse(body)])
        {
            Read(provider, json, text, (index, name, arguments) =>
            {
                var (known, soFar) = calls.GetValueOrDefault(index, ("", ""));
                calls[index] = (known + name, soFar + arguments);
            }, calls);
        }

        return Of(text.ToString(), calls.Values);
    }

    private static void Read(string provider, JsonElement json, StringBuilder text, Action<int, string?, string?> call, SortedDictionary<int, (string, string)> calls)
    {
        switch (provider)
        {
            case "chat" or "mistral":
                foreach (var choice in At(json, "choices").Take(1))
                {
                    Openai(choice.TryGetProperty("delta", out var delta) ? delta : choice.GetProperty("message"));
                }

                break;
            case "responses":
                if (json.TryGetProperty("response", out var response) ? json.GetProperty("type").GetString() == "response.completed" : json.TryGetProperty("output", out _))
                {
                    foreach (var (item, index) in At(response.ValueKind == JsonValueKind.Object ? response : json, "output").Select((item, index) => (item, index)))
                    {
                        At(item, "content").ForEach(part => Text(part, "text"));
                        Call(index, item, "arguments");
                    }
                }

                break;
            case "anthropic":
                var block = json.TryGetProperty("content_block", out var start) ? start : json.TryGetProperty("delta", out var change) ? change : default;
                foreach (var (part, index) in block.ValueKind == JsonValueKind.Object
                    ? [(block, json.TryGetProperty("index", out var at) ? at.GetInt32() : 0)]
                    : At(json, "content").Select((part, index) => (part, index)))
                {
                    Text(part, "text");
                    if (String(part, "name") is { } name)
                    {
                        call(index, name, block.ValueKind == JsonValueKind.Object ? "" : part.GetProperty("input").GetRawText());
                    }
                    else if (String(part, "partial_json") is { } piece)
                    {
                        call(index, "", piece);
                    }
                }

                break;
            case "gemini":
                foreach (var part in At(json, "candidates").Take(1).Where(candidate => candidate.TryGetProperty("content", out _)).SelectMany(candidate => At(candidate.GetProperty("content"), "parts")))
                {
                    if (!part.TryGetProperty("thought", out var thought) || !thought.GetBoolean())
                    {
                        Text(part, "text");
                    }

                    if (part.TryGetProperty("functionCall", out var function))
                    {
                        call(calls.Count, String(function, "name"), function.TryGetProperty("args", out var arguments) ? arguments.GetRawText() : "{}");
                    }
                }

                break;
            case "bedrock":
                var parts = json.TryGetProperty("output", out var output)
                    ? At(output.GetProperty("message"), "content").Select((part, index) => (part, index))
                    : json.TryGetProperty("delta", out var piece2) || json.TryGetProperty("start", out piece2) ? [(piece2, json.GetProperty("contentBlockIndex").GetInt32())] : [];
                foreach (var (part, index) in parts)
                {
                    Text(part, "text");
                    if (part.TryGetProperty("toolUse", out var use))
                    {
                        call(index, String(use, "name"), !use.TryGetProperty("input", out var input) ? "" : input.ValueKind == JsonValueKind.String ? input.GetString() : input.GetRawText());
                    }
                }

                break;
            case "cohere":
                if (json.TryGetProperty("message", out var whole))
                {
                    Text(whole, "tool_plan");
                    Openai(whole);
                }
                else if (json.TryGetProperty("delta", out var change2) && change2.TryGetProperty("message", out var message) && String(json, "type") is not "message-start")
                {
                    Text(message, "tool_plan");
                    if (message.TryGetProperty("content", out var content) && content.ValueKind == JsonValueKind.Object)
                    {
                        Text(content, "text");
                    }

                    if (message.TryGetProperty("tool_calls", out var one) && one.ValueKind == JsonValueKind.Object)
                    {
                        Call(json.GetProperty("index").GetInt32(), one.GetProperty("function"), "arguments");
                    }
                }

                break;
            case "ollama":
                Openai(json.GetProperty("message"));
                break;
            default:
                throw new ArgumentException(provider, nameof(provider));
        }

        void Text(JsonElement of, string name) => text.Append(String(of, name));

        void Call(int index, JsonElement of, string arguments)
        {
            if (of.TryGetProperty(arguments, out var json))
            {
                call(index, String(of, "name"), json.ValueKind == JsonValueKind.String ? json.GetString() : json.GetRawText());
            }
        }

        void Openai(JsonElement message)
        {
            Text(message, "content");
            At(message, "content").ForEach(part => Text(part, "text"));
            foreach (var (item, at) in At(message, "tool_calls").Select((item, at) => (item, at)))
            {
                Call(item.TryGetProperty("index", out var index) ? index.GetInt32() : at, item.GetProperty("function"), "arguments");
            }
        }
    }

    private static string? String(JsonElement of, string name) =>
        of.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static List<JsonElement> At(JsonElement of, string name) =>
        of.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array ? [.. list.EnumerateArray()] : [];

    private static IEnumerable<JsonElement> Events(string provider, byte[] body)
    {
        if (provider == "bedrock")
        {
            // Total length, length of the headers, checksum; headers, payload, checksum.
            for (var at = 0; at < body.Length;)
            {
                var total = BinaryPrimitives.ReadInt32BigEndian(body.AsSpan(at));
                var headers = BinaryPrimitives.ReadInt32BigEndian(body.AsSpan(at + 4));
                yield return JsonElement.Parse(body.AsSpan(at + 12 + headers, total - 16 - headers));
                at += total;
            }

            yield break;
        }

        foreach (var line in Encoding.UTF8.GetString(body).Split('\n'))
        {
            var json = line.StartsWith("data:", StringComparison.Ordinal) ? line[5..].Trim() : provider == "ollama" ? line.Trim() : "";
            if (json.StartsWith('{'))
            {
                yield return JsonElement.Parse(json);
            }
        }
    }
}
