using System.Net;
using System.Text.Json;

namespace Gatehouse.Tests.Harness;

/// <summary>What tests say again and again about an answer of the gateway.</summary>
internal static class GatewayAnswers
{
    public const string Chat = """{"model":"mock/gpt","messages":[{"role":"user","content":"hi"}]}""";
    public const string StreamedChat = """{"model":"mock/gpt","stream":true,"messages":[{"role":"user","content":"hi"}]}""";

    /// <summary>Asserts an error in the OpenAI envelope, and returns its "error" member.</summary>
    public static async Task<JsonElement> ShouldFailAsync(this HttpResponseMessage response, HttpStatusCode status, string code)
    {
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.StatusCode == status, $"{(int)response.StatusCode}: {text}");
        return ErrorIn(text, code);
    }

    /// <summary>Asserts that a JSON text is the OpenAI error envelope with a code.</summary>
    public static JsonElement ErrorIn(string json, string code)
    {
        var error = JsonElement.Parse(json).GetProperty("error");
        Assert.Equal(code, error.GetProperty("code").GetString());
        Assert.NotEmpty(error.GetProperty("message").GetString()!);
        Assert.NotEmpty(error.GetProperty("type").GetString()!);
        Assert.True(error.TryGetProperty("param", out _));
        return error;
    }

    /// <summary>Turns the clock on until something is done; for waits that may begin only after the first turn.</summary>
    public static async Task<T> AdvanceUntilAsync<T>(this ManualTime time, Task<T> done, TimeSpan step)
    {
        await Eventually.TrueAsync(() =>
        {
            time.Advance(step);
            return done.IsCompleted;
        }, "a time limit");
        return await done;
    }

    /// <summary>How many exchanges are under way.</summary>
    public static async Task<int?> InFlightAsync(this GatewayHost gateway) => JsonElement.Parse(
        await gateway.Admin.GetStringAsync(new Uri("/api/v1/health", UriKind.Relative), TestContext.Current.CancellationToken)).GetProperty("in_flight").GetInt32();

    public static string? Header(this HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) || response.Content.Headers.TryGetValues(name, out values) ? string.Join(", ", values) : null;

    public static string? Outcome(this JsonElement row) => row.GetProperty("outcome").GetString();

    public static string? ErrorCode(this JsonElement row) =>
        row.GetProperty("error") is { ValueKind: JsonValueKind.Object } error ? error.GetProperty("code").GetString() : null;

    public static long? Tokens(this JsonElement row, string kind) =>
        row.GetProperty("usage") is { ValueKind: JsonValueKind.Object } usage && usage.GetProperty(kind) is { ValueKind: JsonValueKind.Number } count ? count.GetInt64() : null;
}
