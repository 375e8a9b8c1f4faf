using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Gatehouse.Tests.Harness;

/// <summary>
/// A provider whose answers have a known length: model <c>out-N</c> writes N tokens, each a word of four bytes and in a stream a frame of its own,
/// and counts so many tokens of input as the request says in <c>metadata.input</c>.
/// </summary>
internal static class PricedUpstream
{
    public const string Word = "abc ";

    public static ScriptedUpstream Start(Func<string, Task>? beforeAnswer = null) => new(async (request, connection) =>
    {
        using var document = JsonDocument.Parse(request.Body);
        var model = document.RootElement.GetProperty("model").GetString()!;
        if (beforeAnswer is not null)
        {
            await beforeAnswer(model);
        }

        var output = int.Parse(model.Split('-')[^1], CultureInfo.InvariantCulture);
        var input = document.RootElement.TryGetProperty("metadata", out var metadata) ? int.Parse(metadata.GetProperty("input").GetString()!, CultureInfo.InvariantCulture) : 10;
        var usage = $$"""{"prompt_tokens":{{input}},"completion_tokens":{{output}},"total_tokens":{{input + output}}}""";
        if (!document.RootElement.TryGetProperty("stream", out var stream) || !stream.GetBoolean())
        {
            var text = string.Concat(Enumerable.Repeat(Word, output));
            await connection.RespondAsync(
                200, "application/json",
                $$"""{"id":"c1","object":"chat.completion","created":1,"model":"{{model}}","choices":[{"index":0,"message":{"role":"assistant","content":"{{text}}"},"finish_reason":"stop"}],"usage":{{usage}}}""");
            return;
        }

        await connection.StartChunkedAsync(200, "text/event-stream");
        for (var i = 0; i < output; i++)
        {
            await connection.ChunkAsync(Encoding.UTF8.GetBytes(Frame(model, $$"""{"content":"{{Word}}"}""", "null")));
        }

        await connection.ChunkAsync(Encoding.UTF8.GetBytes(Frame(model, "{}", "\"stop\"")));
        await connection.ChunkAsync(Encoding.UTF8.GetBytes(
            $$"""data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"{{model}}","choices":[],"usage":{{usage}}}""" + "\n\ndata: [DONE]\n\n"));
        await connection.EndChunksAsync();
    });

    private static string Frame(string model, string delta, string finish) =>
        $$"""data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"{{model}}","choices":[{"index":0,"delta":{{delta}},"finish_reason":{{finish}}}]}""" + "\n\n";
}
