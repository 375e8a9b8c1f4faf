using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAi;

/// <summary>Error envelopes: OpenAI's, and the many others seen from those who follow it.</summary>
internal static class OpenAiChatErrors
{
    /// <param name="status">HTTP status; below 400 for an error within a stream that had begun well.</param>
    /// <param name="body">Null when it was not JSON.</param>
    public static ChatError Read(int status, JsonElement? body)
    {
        if (body is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() > 0)
        {
            // Google wraps its errors in a list.
            body = list[0];
        }

        if (body is not { ValueKind: JsonValueKind.Object } root)
        {
            return Of(status, null, body is { ValueKind: JsonValueKind.String } text ? text.TextOrFail("error") : null);
        }

        // {"error": {...}}: OpenAI, Azure, Groq, DeepSeek, OpenRouter, Perplexity, llama.cpp; {"error": "text"}: xAI, Venice, Ollama;
        // {"object": "error", "message", ...}: Mistral, older vLLM; {"detail"}: FastAPI; {"code", "message", "type"}: Doubleword.
        var error = root.Object("error") ?? root;
        var message = error.Text("message") ?? root.Text("error") ?? Detail(root) ?? root.Text("message") ?? error.Text("msg");
        var code = Word(error, "code") ?? Word(root, "code");
        var told = StatusOf(error, code);
        var type = error.Text("type") ?? error.Text("status");
        return Of(status >= 400 ? status : told ?? FromWords(type, code), type, message) with
        {
            Code = code,
            Param = Word(error, "param"),
            RequestId = root.Text("request_id"),
        };
    }

    public static void Write(ChatError error, Utf8JsonWriter writer, Dialect dialect)
    {
        var isMistral = dialect == Dialect.Mistral;
        writer.WriteStartObject();
        if (isMistral)
        {
            writer.WriteString("object", "error");
        }
        else
        {
            writer.WriteStartObject("error");
        }

        writer.WriteString("message", error.Message);
        writer.WriteString("type", TypeOf(error.Kind));
        writer.WriteString("param", error.Param);
        writer.WriteString("code", error.Code);
        if (isMistral)
        {
            writer.WriteNumber("raw_status_code", error.Status);
        }
        else
        {
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static ChatError Of(int status, string? type, string? message)
    {
        var kind = type is "insufficient_quota" or "billing_error" ? ChatErrorKind.Billing : ChatError.KindOf(status);
        return new ChatError(kind, status, message ?? "")
        {
            ProviderType = type,
        };
    }

    private static string TypeOf(ChatErrorKind kind) => kind switch
    {
        ChatErrorKind.Authentication => "authentication_error",
        ChatErrorKind.Billing => "insufficient_quota",
        ChatErrorKind.Permission => "permission_error",
        ChatErrorKind.NotFound => "not_found_error",
        ChatErrorKind.RateLimit => "rate_limit_error",
        ChatErrorKind.Timeout or ChatErrorKind.Overloaded or ChatErrorKind.Server => "server_error",
        _ => "invalid_request_error",
    };

    /// <summary>The status that an error within a stream tells of itself.</summary>
    private static int? StatusOf(JsonElement error, string? code)
    {
        var number = error.Integer("status_code") ?? error.Integer("status") ?? error.Integer("raw_status_code")
            ?? (int.TryParse(code, out var value) ? value : null);
        return number is >= 400 and <= 599 ? (int)number : null;
    }

    private static int FromWords(string? type, string? code) => (type, code) switch
    {
        (_, "rate_limit_exceeded" or "insufficient_quota") or ("rate_limit_error" or "rate_limit_exceeded" or "insufficient_quota" or "tokens" or "requests", _) => 429,
        ("authentication_error", _) or (_, "invalid_api_key") => 401,
        ("permission_error", _) => 403,
        ("not_found_error", _) or (_, "model_not_found") => 404,
        ("overloaded_error", _) => 503,
        ("invalid_request_error", _) => 400,
        _ => 500,
    };

    private static string? Word(JsonElement element, string name) => element.Member(name) switch
    {
        { ValueKind: JsonValueKind.String } text => text.TextOrFail(name),
        { ValueKind: JsonValueKind.Number } number => number.GetRawText(),
        _ => null,
    };

    /// <summary>FastAPI: a text, or a list of what is wrong where.</summary>
    private static string? Detail(JsonElement root)
    {
        if (root.Array("detail") is not { } list)
        {
            return root.Text("detail") ?? root.Object("detail")?.Text("message");
        }

        List<string> lines = [];
        foreach (var item in list.EnumerateArray())
        {
            if (item.Text("msg") is { } message)
            {
                var place = item.Array("loc") is { } location ? string.Join('.', location.EnumerateArray().Select(l => l.ToString())) : "";
                lines.Add(place.Length > 0 ? $"{place}: {message}" : message);
            }
        }

        return lines.Count > 0 ? string.Join("; ", lines) : null;
    }
}
