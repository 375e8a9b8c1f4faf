using System.Globalization;
using System.Text;
using System.Text.Json;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Limits;

/// <summary>
/// A provider that fails in every way after which somebody has to pay: below <c>/c</c> it speaks Anthropic's format, elsewhere
/// OpenAI's. How an attempt fails is drawn from the seed, the request (its text) and how often that has been here.
/// </summary>
internal sealed class FailingUpstream(int seed)
{
    private const int Input = 21;

    /// <summary>Of calls with a number of this rest, the first attempt is slow, or breaks off; those of others are left to the draw.</summary>
    public const int SlowFirst = 0;

    /// <inheritdoc cref="SlowFirst"/>
    public const int CutFirst = 1;

    public const int Groups = 7;

    private const int Frames = 12;

    private readonly System.Collections.Concurrent.ConcurrentDictionary<string, int> _seen = new(StringComparer.Ordinal);

    public ScriptedUpstream Start() => new(AnswerAsync);

    private async Task AnswerAsync(SeenRequest request, UpstreamConnection connection)
    {
        using var document = JsonDocument.Parse(request.Body);
        var isAnthropic = request.Target.StartsWith("/c", StringComparison.Ordinal);
        var isStream = document.RootElement.TryGetProperty("stream", out var stream) && stream.GetBoolean();
        var text = request.Text;
        var number = text[(text.IndexOf("call ", StringComparison.Ordinal) + 5)..].Split(' ', 2)[0];
        var time = _seen.AddOrUpdate(number, 0, static (_, count) => count + 1);
        var draw = new Random(HashCode.Combine(seed, int.Parse(number, CultureInfo.InvariantCulture), time)).Next(100);
        await ((int.Parse(number, CultureInfo.InvariantCulture) % Groups, time) switch
        {
            (SlowFirst, 0) => SlowAsync(connection, () => AnswerAsync(connection, isAnthropic, isStream, Frames)),
            // The one beside it answers: what fails is left alone after a while, and nothing would be asked beside anything.
            (SlowFirst, _) => AnswerAsync(connection, isAnthropic, isStream, Frames),
            (CutFirst, 0) => AnswerAsync(connection, isAnthropic, isStream, Frames, cutAfter: 3),
            _ => Drawn(),
        });

        Task Drawn() => draw switch
        {
            < 5 => connection.RespondAsync(500, "application/json", """{"error":{"message":"broken","type":"server_error"}}"""),
            < 9 => connection.RespondAsync(429, "application/json", """{"error":{"message":"too many","type":"rate_limit_error"}}"""),
            < 12 => connection.RespondAsync(400, "application/json", """{"type":"error","error":{"message":"no","type":"invalid_request_error"}}"""),
            < 15 => ResetAsync(connection),
            < 25 => SlowAsync(connection, () => AnswerAsync(connection, isAnthropic, isStream, Frames)),
            < 32 => AnswerAsync(connection, isAnthropic, isStream, Frames, cutAfter: 0),
            < 42 => AnswerAsync(connection, isAnthropic, isStream, Frames, cutAfter: 1 + (draw % 7)),
            < 46 => AnswerAsync(connection, isAnthropic, isStream, Frames, cutAfter: 3, isReset: false),
            < 50 => AnswerAsync(connection, isAnthropic, isStream, Frames, cutAfter: 4, isSilent: true),
            _ => AnswerAsync(connection, isAnthropic, isStream, Frames),
        };
    }

    /// <summary>Slow enough for a second attempt beside it.</summary>
    private static async Task SlowAsync(UpstreamConnection connection, Func<Task> then)
    {
        await Task.Delay(TimeSpan.FromMilliseconds(150), TimeProvider.System, connection.Stop);
        await then();
    }

    private static Task ResetAsync(UpstreamConnection connection)
    {
        connection.Reset();
        return Task.CompletedTask;
    }

    /// <param name="cutAfter">Frames of content; null for a whole answer.</param>
    private static async Task AnswerAsync(
        UpstreamConnection connection, bool isAnthropic, bool isStream, int frames, int? cutAfter = null, bool isReset = true, bool isSilent = false)
    {
        var all = isStream ? (isAnthropic ? AnthropicFrames(frames) : ChatFrames(frames)) : [isAnthropic ? AnthropicBody(frames) : ChatBody(frames)];
        await connection.StartChunkedAsync(200, isStream ? "text/event-stream" : "application/json");
        if (cutAfter is not { } cut)
        {
            foreach (var frame in all)
            {
                await connection.ChunkAsync(frame);
            }

            await connection.EndChunksAsync();
            return;
        }

        foreach (var frame in isStream ? all[..((isAnthropic ? 2 : 1) + cut)] : [all[0][..(40 + cut)]])
        {
            await connection.ChunkAsync(frame);
        }

        if (isSilent)
        {
            await connection.UntilPeerClosesAsync();
        }
        else if (isReset)
        {
            connection.Reset();
        }
        else
        {
            // It ends as if all had been said.
            await connection.EndChunksAsync();
        }
    }

    private static string[] ChatFrames(int count) =>
    [
        Chunk("""[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]"""),
        .. Enumerable.Range(0, count).Select(_ => Chunk("""[{"index":0,"delta":{"content":"abc "},"finish_reason":null}]""")),
        Chunk("""[{"index":0,"delta":{},"finish_reason":"stop"}]"""),
        Chunk("[]", $",\"usage\":{ChatUsage(count)}"),
        "data: [DONE]\n\n",
    ];

    private static string Chunk(string choices, string more = "") =>
        $$"""data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":{{choices}}{{more}}}""" + "\n\n";

    private static string ChatBody(int count) =>
        $$"""{"id":"c1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"{{Words(count)}}"},"finish_reason":"stop"}],"usage":{{ChatUsage(count)}}}""";

    private static string ChatUsage(int count) =>
        $$$"""{"prompt_tokens":{{{Input}}},"completion_tokens":{{{count}}},"total_tokens":{{{Input + count}}},"prompt_tokens_details":{"cached_tokens":5}}""";

    private static string[] AnthropicFrames(int count) =>
    [
        Event("message_start", $$$$"""{"type":"message_start","message":{"id":"m1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":{{{{Input}}}},"cache_read_input_tokens":7,"cache_creation_input_tokens":3,"output_tokens":1}}}"""),
        Event("content_block_start", """{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"""),
        .. Enumerable.Range(0, count).Select(_ => Event("content_block_delta", """{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"abc "}}""")),
        Event("content_block_stop", """{"type":"content_block_stop","index":0}"""),
        Event("message_delta", $$$"""{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":{{{count}}}}}"""),
        Event("message_stop", """{"type":"message_stop"}"""),
    ];

    private static string Event(string name, string data) => $"event: {name}\ndata: {data}\n\n";

    private static string AnthropicBody(int count) =>
        $$$"""{"id":"m1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"{{{Words(count)}}}"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":{{{Input}}},"cache_read_input_tokens":7,"cache_creation_input_tokens":3,"output_tokens":{{{count}}}}}""";

    private static string Words(int count) => new StringBuilder().Insert(0, "abc ", count).ToString();
}
