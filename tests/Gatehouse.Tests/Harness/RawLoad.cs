using System.Collections.Concurrent;

namespace Gatehouse.Tests.Harness;

/// <summary>64 kept-alive connections, half of whose requests are streams, and an honest account of what each request met.</summary>
internal sealed class RawLoad(Uri address)
{
    public const int Connections = 64;

    private readonly string[] _requests = [Request("mock/m", isStream: false), Request("mock/m", isStream: true)];
    private int _whole;
    private int _repeatable;
    private int _announced;
    private volatile bool _isOver;

    public RawLoad(Uri address, string model)
        : this(address) => _requests = [Request(model, isStream: false), Request(model, isStream: true)];

    /// <summary>Answers with status 200 that were whole.</summary>
    public int Whole => Volatile.Read(ref _whole);

    /// <summary>Requests on a connection that was used before and was closed without a byte of an answer: clients send them again.</summary>
    public int Repeatable => Volatile.Read(ref _repeatable);

    /// <summary>Answers that said that the connection closes.</summary>
    public int Announced => Volatile.Read(ref _announced);

    /// <summary>Everything else: requests that failed.</summary>
    public ConcurrentQueue<string> Failed { get; } = new();

    /// <summary>No connection sends another request.</summary>
    public void End() => _isOver = true;

    /// <summary>Goes on until <see cref="End"/>, or until the gateway closes the connections.</summary>
    /// <param name="reopen">How often a connection that was closed, after it was said, is followed by a new one.</param>
    public Task RunAsync(int reopen = 0) =>
        Task.WhenAll(Enumerable.Range(0, Connections).Select(worker => Task.Run(() => WorkAsync(worker, reopen), TestContext.Current.CancellationToken)));

    public Task ReachAsync(int whole) => Eventually.TrueAsync(() => Whole >= whole || !Failed.IsEmpty, $"{whole} answers");

    private async Task WorkAsync(int worker, int reopen)
    {
        for (var opened = 0; opened <= reopen && !_isOver; opened++)
        {
            using var connection = await RawHttpConnection.OpenAsync(address);
            if (connection is null)
            {
                Failed.Enqueue("a new connection was refused");
                return;
            }

            var turn = worker + opened;
            while (!_isOver)
            {
                var isStream = turn++ % 2 == 0;
                var answer = await connection.SendAsync(_requests[isStream ? 1 : 0]);
                if (answer.Ending == RawEnding.ClosedBeforeAnswer && connection.Answers > 0)
                {
                    _ = Interlocked.Increment(ref _repeatable);
                    return;
                }

                Account(answer, isStream, opened);
                if (answer.Closes || answer.Ending != RawEnding.Whole)
                {
                    break;
                }
            }
        }
    }

    private void Account(RawAnswer answer, bool isStream, int opened)
    {
        var isWhole = answer is { Ending: RawEnding.Whole, Status: 200 }
            && answer.Body.EndsWith(isStream ? "data: [DONE]\n\n" : "}", StringComparison.Ordinal);
        if (!isWhole)
        {
            Failed.Enqueue($"{answer.Ending} (connection {opened}): {answer.Head}{answer.Body}");
            return;
        }

        _ = Interlocked.Increment(ref _whole);
        if (answer.Closes)
        {
            _ = Interlocked.Increment(ref _announced);
        }
    }

    private static string Request(string model, bool isStream)
    {
        var body = $$"""{"model":"{{model}}","messages":[{"role":"user","content":"Hello"}]{{(isStream ? ",\"stream\":true" : "")}}}""";
        return $"POST /v1/chat/completions HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {GatewayHost.Key}\r\ncontent-type: application/json\r\ncontent-length: {body.Length}\r\n\r\n{body}";
    }
}
