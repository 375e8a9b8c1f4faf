using System.Net;
using System.Text;
using System.Text.Json;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Translation;

/// <summary>A client of one dialect: how it asks, and what it must get.</summary>
internal sealed class Caller
{
    public static readonly string[] Names = ["chat", "responses", "anthropic", "gemini"];

    private readonly string _name;

    public Caller(string name) => _name = name;

    public static TheoryData<string> All => [.. Names];

    public bool IsGemini => _name == "gemini";

    /// <summary>Posts a question, as an SDK of the dialect would.</summary>
    public Task<HttpResponseMessage> AskAsync(
        GatewayHost gateway, string model, bool isStream = false, string more = "", HttpCompletionOption completion = HttpCompletionOption.ResponseContentRead) =>
        SendAsync(gateway, PathFor(model, isStream), Body(model, isStream, more), completion: completion);

    public string PathFor(string model, bool isStream = false) => _name switch
    {
        "chat" => "/v1/chat/completions",
        "responses" => "/v1/responses",
        "anthropic" => "/v1/messages",
        _ => $"/v1beta/models/{model}:{(isStream ? "streamGenerateContent?alt=sse" : "generateContent")}",
    };

    /// <param name="model">Where it goes.</param>
    /// <param name="isStream">Of the body, where the dialect says it there.</param>
    /// <param name="more">Further members, each with a comma before it.</param>
    public string Body(string model, bool isStream, string more = "")
    {
        var stream = isStream ? ",\"stream\":true" : "";
        return _name switch
        {
            "chat" => $$"""{"model":"{{model}}","messages":[{"role":"user","content":"hi"}]{{stream}}{{more}}}""",
            "responses" => $$"""{"model":"{{model}}","input":"hi"{{stream}}{{more}}}""",
            "anthropic" => $$"""{"model":"{{model}}","max_tokens":64,"messages":[{"role":"user","content":"hi"}]{{stream}}{{more}}}""",
            _ => $$"""{"contents":[{"role":"user","parts":[{"text":"hi"}]}]{{more}}}""",
        };
    }

    /// <param name="key">Null for none.</param>
    public async Task<HttpResponseMessage> SendAsync(
        GatewayHost gateway, string path, string body, string? key = GatewayHost.Key, string type = "application/json",
        HttpCompletionOption completion = HttpCompletionOption.ResponseContentRead)
    {
        using var client = new HttpClient { BaseAddress = gateway.Address, Timeout = TimeSpan.FromSeconds(60) };
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative)) { Content = new StringContent(body, Encoding.UTF8, type) };
        if (_name == "anthropic")
        {
            request.Headers.Add("anthropic-version", "2023-06-01");
        }

        if (key is not null)
        {
            var (name, value) = _name switch { "anthropic" => ("x-api-key", key), "gemini" => ("x-goog-api-key", key), _ => ("authorization", $"Bearer {key}") };
            request.Headers.Add(name, value);
        }

        return await client.SendAsync(request, completion, TestContext.Current.CancellationToken);
    }

    /// <summary>The text of a whole answer.</summary>
    public string? TextOf(JsonElement answer) => _name switch
    {
        "chat" => answer.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString(),
        "responses" => answer.GetProperty("output")[0].GetProperty("content")[0].GetProperty("text").GetString(),
        "anthropic" => answer.GetProperty("content")[0].GetProperty("text").GetString(),
        _ => answer.GetProperty("candidates")[0].GetProperty("content").GetProperty("parts")[0].GetProperty("text").GetString(),
    };

    /// <summary>The text of a streamed answer that has its proper ending.</summary>
    public string StreamedText(string stream)
    {
        var frames = Frames(stream);
        switch (_name)
        {
            case "chat":
                Assert.Equal("[DONE]", frames[^1]);
                return string.Concat(frames[..^1].Select(f => JsonElement.Parse(f).GetProperty("choices")).Where(c => c.GetArrayLength() > 0)
                    .Select(c => c[0].GetProperty("delta").TryGetProperty("content", out var text) ? text.GetString() : ""));
            case "responses":
                Assert.Equal("response.completed", JsonElement.Parse(frames[^1]).GetProperty("type").GetString());
                return string.Concat(frames.Select(f => JsonElement.Parse(f)).Where(f => f.GetProperty("type").GetString() == "response.output_text.delta")
                    .Select(f => f.GetProperty("delta").GetString()));
            case "anthropic":
                Assert.Equal("message_stop", JsonElement.Parse(frames[^1]).GetProperty("type").GetString());
                return string.Concat(frames.Select(f => JsonElement.Parse(f)).Where(f => f.GetProperty("type").GetString() == "content_block_delta")
                    .Select(f => f.GetProperty("delta").GetProperty("text").GetString()));
            default:
                Assert.Equal("STOP", JsonElement.Parse(frames[^1]).GetProperty("candidates")[0].GetProperty("finishReason").GetString());
                return string.Concat(frames.Select(f => JsonElement.Parse(f).GetProperty("candidates")[0].GetProperty("content"))
                    .Where(c => c.TryGetProperty("parts", out var parts) && parts.GetArrayLength() > 0).Select(c => c.GetProperty("parts")[0].GetProperty("text").GetString()));
        }
    }

    /// <summary>The data of each frame.</summary>
    public static string[] Frames(string stream) => [.. stream.Replace("\r\n", "\n", StringComparison.Ordinal).Split("\n\n", StringSplitOptions.RemoveEmptyEntries)
        .Select(frame => string.Join('\n', frame.Split('\n').Where(line => line.StartsWith("data:", StringComparison.Ordinal)).Select(line => line[5..].TrimStart())))];

    /// <summary>Asserts an error in the dialect's own envelope.</summary>
    /// <returns>Its message.</returns>
    public async Task<string> ShouldFailAsync(HttpResponseMessage response, int status, string code)
    {
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True((int)response.StatusCode == status, $"{(int)response.StatusCode} instead of {status}: {text}");
        return ErrorIn(text, status, code);
    }

    /// <summary>Asserts the error envelope of the dialect.</summary>
    public string ErrorIn(string json, int status, string code)
    {
        var body = JsonElement.Parse(json);
        var error = body.GetProperty("error");
        switch (_name)
        {
            case "anthropic":
                Assert.Equal("error", body.GetProperty("type").GetString());
                Assert.Contains(error.GetProperty("type").GetString()!, AnthropicTypes, StringComparer.Ordinal);
                Assert.Equal(code, error.GetProperty("code").GetString());
                break;
            case "gemini":
                Assert.Equal(status, error.GetProperty("code").GetInt32());
                Assert.Matches("^[A-Z_]+$", error.GetProperty("status").GetString());
                Assert.Equal(code, error.GetProperty("details")[0].GetProperty("reason").GetString());
                break;
            default:
                Assert.Equal(code, error.GetProperty("code").GetString());
                Assert.NotEmpty(error.GetProperty("type").GetString()!);
                Assert.True(error.TryGetProperty("param", out _));
                break;
        }

        var message = error.GetProperty("message").GetString()!;
        Assert.NotEmpty(message);
        return message;
    }

    private static readonly string[] AnthropicTypes =
    [
        "invalid_request_error", "authentication_error", "permission_error", "not_found_error", "request_too_large", "rate_limit_error", "api_error",
        "overloaded_error", "timeout_error", "billing_error",
    ];
}

internal static class Answers
{
    public static async Task<JsonElement> JsonAsync(this HttpResponseMessage response, HttpStatusCode status = HttpStatusCode.OK)
    {
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.StatusCode == status, $"{(int)response.StatusCode}: {text}");
        return JsonElement.Parse(text);
    }
}
