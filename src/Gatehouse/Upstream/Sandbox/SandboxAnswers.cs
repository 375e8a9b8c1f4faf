using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Gatehouse.Upstream.Sandbox;

/// <summary>The sandbox's answers, in the OpenAI format. A token is a word.</summary>
internal sealed class SandboxAnswers(SandboxRequest request, string id, long created)
{
    /// <summary>Numbers of a vector of the sandbox.</summary>
    private const int Dimensions = 32;

    private readonly bool _callsTool = request.Tool is not null && !request.HasToolResult;

    private string[] Words => _callsTool ? [] : ReplyWords();

    public byte[] Chat() => Bytes(new JsonObject
    {
        ["id"] = id,
        ["object"] = "chat.completion",
        ["created"] = created,
        ["model"] = request.Model,
        ["choices"] = new JsonArray(new JsonObject
        {
            ["index"] = 0,
            ["message"] = new JsonObject
            {
                ["role"] = "assistant",
                ["content"] = _callsTool ? null : string.Concat(Words),
                ["tool_calls"] = _callsTool ? new JsonArray(ToolCall(Arguments)) : null,
            },
            ["finish_reason"] = FinishReason,
        }),
        ["usage"] = Usage(),
    });

    public byte[] Completion() => Bytes(new JsonObject
    {
        ["id"] = id,
        ["object"] = "text_completion",
        ["created"] = created,
        ["model"] = request.Model,
        ["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["text"] = string.Concat(ReplyWords()), ["finish_reason"] = "stop" }),
        ["usage"] = Usage(),
    });

    public byte[] Embeddings(bool asBase64)
    {
        var data = new JsonArray();
        for (var i = 0; i < request.Inputs.Count; i++)
        {
            var vector = Vector(request.Inputs[i]);
            data.Add((JsonNode)new JsonObject
            {
                ["object"] = "embedding",
                ["index"] = i,
                ["embedding"] = asBase64
                    ? Convert.ToBase64String(System.Runtime.InteropServices.MemoryMarshal.AsBytes(vector.AsSpan()))
                    : new JsonArray(vector.Select(number => (JsonNode)number).ToArray()),
            });
        }

        var tokens = request.Inputs.Sum(Count);
        return Bytes(new JsonObject
        {
            ["object"] = "list",
            ["data"] = data,
            ["model"] = request.Model,
            ["usage"] = new JsonObject { ["prompt_tokens"] = tokens, ["total_tokens"] = tokens },
        });
    }

    /// <summary>The frames of a stream.</summary>
    public IEnumerable<byte[]> Frames(bool isChat)
    {
        if (isChat)
        {
            yield return Frame(isChat, new JsonObject { ["role"] = "assistant", ["content"] = _callsTool ? null : "" }, finishReason: null);
        }

        if (_callsTool && isChat)
        {
            yield return Frame(isChat, new JsonObject { ["tool_calls"] = new JsonArray(ToolCall("")) }, finishReason: null);
            yield return Frame(
                isChat,
                new JsonObject { ["tool_calls"] = new JsonArray(new JsonObject { ["index"] = 0, ["function"] = new JsonObject { ["arguments"] = Arguments } }) },
                finishReason: null);
        }
        else
        {
            foreach (var word in ReplyWords())
            {
                yield return Frame(isChat, new JsonObject { ["content"] = word }, finishReason: null);
            }
        }

        yield return Frame(isChat, [], isChat ? FinishReason : "stop");
        if (request.IncludeUsage)
        {
            var usage = Head(isChat);
            usage["choices"] = new JsonArray();
            usage["usage"] = Usage();
            yield return Event(usage);
        }

        yield return "data: [DONE]\n\n"u8.ToArray();
    }

    public static byte[] Error(int status, string message) => Bytes(new JsonObject
    {
        ["error"] = new JsonObject
        {
            ["message"] = message,
            ["type"] = status switch { 429 => "requests", >= 500 => "server_error", _ => "invalid_request_error" },
            ["param"] = null,
            ["code"] = status == 429 ? "rate_limit_exceeded" : null,
        },
    });

    private string FinishReason => _callsTool ? "tool_calls" : "stop";

    private string Arguments => JsonSerializer.Serialize(new { input = request.Text });

    private JsonObject ToolCall(string arguments) => new()
    {
        ["index"] = 0,
        ["id"] = "call_sandbox",
        ["type"] = "function",
        ["function"] = new JsonObject { ["name"] = request.Tool, ["arguments"] = arguments },
    };

    private JsonObject Usage()
    {
        var (input, output) = (Count(request.Text), _callsTool ? 1 : ReplyWords().Length);
        return new JsonObject { ["prompt_tokens"] = input, ["completion_tokens"] = output, ["total_tokens"] = input + output };
    }

    private JsonObject Head(bool isChat) => new()
    {
        ["id"] = id,
        ["object"] = isChat ? "chat.completion.chunk" : "text_completion",
        ["created"] = created,
        ["model"] = request.Model,
    };

    private byte[] Frame(bool isChat, JsonObject delta, string? finishReason)
    {
        var chunk = Head(isChat);
        var choice = new JsonObject { ["index"] = 0, ["finish_reason"] = finishReason };
        if (isChat)
        {
            choice["delta"] = delta;
        }
        else
        {
            choice["text"] = delta["content"]?.GetValue<string>() ?? "";
        }

        chunk["choices"] = new JsonArray(choice);
        return Event(chunk);
    }

    private static byte[] Event(JsonObject chunk) => [.. "data: "u8, .. Bytes(chunk), .. "\n\n"u8];

    private static byte[] Bytes(JsonObject json) => Encoding.UTF8.GetBytes(json.ToJsonString());

    /// <summary>The reply, word by word, each with the space before it.</summary>
    private string[] ReplyWords()
    {
        var text = request.Text.Length == 0 ? "(the request had no text)" : request.Text;
        var words = text.Split(' ');
        return words.Select((word, i) => i == 0 ? word : " " + word).ToArray();
    }

    private static int Count(string text) => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length;

    private static float[] Vector(string text)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(text));
        var vector = hash.Take(Dimensions).Select(b => (b - 127.5f) / 127.5f).ToArray();
        var length = MathF.Sqrt(vector.Sum(x => x * x));
        return vector.Select(x => x / length).ToArray();
    }

}
