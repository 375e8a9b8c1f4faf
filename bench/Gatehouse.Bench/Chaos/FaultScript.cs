using System.Text;

namespace Gatehouse.Bench.Chaos;

/// <summary>What an upstream writes in answer to one request: the right answer, or what a fault makes of it.</summary>
internal sealed class FaultScript(ChaosConnection connection, ChaosUpstream upstream, ChaosRequest request)
{
    private const string Json = "application/json";
    private const string Page = "<html><head><title>Bad gateway</title></head><body><h1>Bad gateway</h1>café</body></html>";

    /// <summary>Shorter than the gateways' limit for the first byte.</summary>
    private static readonly TimeSpan SlowHead = TimeSpan.FromSeconds(1);

    private readonly ChaosAnswer _answer = ChaosAnswer.To(request.Number);

    private static ReadOnlySpan<byte> ErrorFrame => "data: {\"error\":{\"message\":\"The server had an error\",\"type\":\"server_error\",\"code\":null}}\n\n"u8;

    public Task AnswerAsync(Fault fault) => fault switch
    {
        Fault.None => AnswerWellAsync(),
        Fault.RateLimited => RespondAsync("429 Too Many Requests", Json, Error("Rate limit reached", "requests", "rate_limit_exceeded")),
        Fault.RateLimitedRetryAfter => RespondAsync("429 Too Many Requests", Json, Error("Rate limit reached", "requests", "rate_limit_exceeded"), "retry-after: 1\r\n"),
        Fault.ServerError => RespondAsync("500 Internal Server Error", Json, Error("The server had an error", "server_error", null)),
        Fault.BadGatewayPage => RespondAsync("502 Bad Gateway", "text/html", Page),
        Fault.Unavailable => RespondAsync("503 Service Unavailable", "text/plain", ""),
        Fault.Overloaded => RespondAsync("529 Overloaded", Json, """{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"""),
        Fault.RequestTimeout => RespondAsync("408 Request Timeout", Json, Error("Timed out", "timeout", null)),
        // A request that was already on its way when the port closed.
        Fault.RefusedConnection or Fault.ResetBeforeHead => ResetAsync(),
        Fault.ClosedBeforeHead => CloseAsync(),
        Fault.StalledHead => connection.UntilPeerClosesAsync(),
        Fault.SlowHead => AnswerLateAsync(),
        Fault.NotHttp => ThenAsync("SSH-2.0-OpenSSH_9.2\r\n\r\n", CloseAsync),
        Fault.EmptyBody => RespondAsync("200 OK", ContentType, ""),
        Fault.NotJson => RespondAsync("200 OK", "text/html", Page),
        Fault.ErrorObject => RespondAsync("200 OK", Json, Error("Provider returned error", "server_error", "502")),
        Fault.ErrorFirst when !request.Stream => AnswerAsync(Fault.ServerError),
        Fault.ErrorFirst => ThenAsync(Head("200 OK", ContentType), () => connection.SendChunksAsync(ErrorFrame.ToArray(), ChaosAnswer.Done.ToArray()), connection.EndChunksAsync),
        Fault.TruncatedJson when !request.Stream => RespondAsync("200 OK", Json, Half),
        Fault.TruncatedJson => BeginAsync(connection.EndChunksAsync),
        Fault.ResetInBody => BeginAsync(ResetAsync),
        Fault.ClosedInChunk => BeginAsync(CloseAsync),
        Fault.StalledBody => BeginAsync(connection.UntilPeerClosesAsync),
        Fault.ResetAfterContent => StreamAsync(cutAfter: 3, ResetAsync),
        Fault.ClosedAfterContent => StreamAsync(cutAfter: 4, CloseAsync),
        Fault.CleanEndAfterContent => StreamAsync(cutAfter: 5, connection.EndChunksAsync),
        Fault.ErrorAfterContent => StreamAsync(cutAfter: 2, EndWithErrorAsync),
        Fault.StalledAfterContent => StreamAsync(cutAfter: 1, connection.UntilPeerClosesAsync),
        _ => throw new InvalidOperationException($"no script for {fault}"),
    };

    private string ContentType => request.Stream ? "text/event-stream" : Json;

    private string Half => Encoding.UTF8.GetString(_answer.Json())[..120];

    private async Task AnswerWellAsync()
    {
        await WaitAsync(upstream.Behaviour.Latency(upstream.Seed, upstream.Index, request.Number));
        await (request.Stream ? StreamAsync(_answer.Pieces.Length, EndWellAsync) : RespondAsync("200 OK", Json, _answer.Json()));
    }

    private async Task AnswerLateAsync()
    {
        await WaitAsync(SlowHead);
        await AnswerWellAsync();
    }

    /// <summary>The stream up to a number of pieces of content, and then what is to come instead of the others.</summary>
    private async Task StreamAsync(int cutAfter, Func<Task> then)
    {
        await connection.SendAsync(Head("200 OK", ContentType));
        await connection.SendChunksAsync(ChaosAnswer.RoleFrame(), _answer.ContentFrame(0));
        for (var piece = 1; piece < cutAfter; piece++)
        {
            await WaitAsync(TargetBehaviour.BetweenFrames * upstream.Behaviour.LatencyFactor);
            await connection.SendChunksAsync(_answer.ContentFrame(piece));
        }

        await WaitAsync(TargetBehaviour.BetweenFrames);
        await then();
    }

    private async Task EndWellAsync()
    {
        await (request.IncludeUsage
            ? connection.SendChunksAsync(ChaosAnswer.LastFrame(), _answer.UsageFrame(), ChaosAnswer.Done.ToArray())
            : connection.SendChunksAsync(ChaosAnswer.LastFrame(), ChaosAnswer.Done.ToArray()));
        await connection.EndChunksAsync();
    }

    private async Task EndWithErrorAsync()
    {
        await connection.SendChunksAsync(ErrorFrame.ToArray());
        await connection.EndChunksAsync();
    }

    /// <summary>An answer that begins well, without content in a stream, and then what is to come instead of the rest.</summary>
    private async Task BeginAsync(Func<Task> then)
    {
        await connection.SendAsync(Head("200 OK", ContentType));
        await connection.SendChunksAsync(request.Stream ? ChaosAnswer.RoleFrame() : Encoding.UTF8.GetBytes(Half));
        await WaitAsync(TargetBehaviour.BetweenFrames);
        await then();
    }

    private Task WaitAsync(TimeSpan delay) => upstream.Clock.DelayAsync(delay, upstream.Stopping);

    private async Task ThenAsync(string bytes, params Func<Task>[] then)
    {
        await connection.SendAsync(bytes);
        foreach (var next in then)
        {
            await next();
        }
    }

    private Task ResetAsync()
    {
        connection.Reset();
        return Task.CompletedTask;
    }

    private Task CloseAsync()
    {
        connection.Close();
        return Task.CompletedTask;
    }

    private Task RespondAsync(string status, string contentType, string body, string headers = "") =>
        RespondAsync(status, contentType, Encoding.UTF8.GetBytes(body), headers);

    private Task RespondAsync(string status, string contentType, byte[] body, string headers = "") => connection.SendAsync((byte[])
    [
        .. Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\ncontent-type: {contentType}\r\n{headers}content-length: {body.Length}\r\n\r\n"),
        .. body,
    ]);

    private static string Head(string status, string contentType) =>
        $"HTTP/1.1 {status}\r\ncontent-type: {contentType}\r\ntransfer-encoding: chunked\r\n\r\n";

    private static string Error(string message, string type, string? code) =>
        $$$"""{"error":{"message":"{{{message}}}","type":"{{{type}}}","param":null,"code":{{{(code is null ? "null" : $"\"{code}\"")}}}}}""";
}
