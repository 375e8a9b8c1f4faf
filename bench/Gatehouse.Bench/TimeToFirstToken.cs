using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Gatehouse.Bench;

/// <summary>
/// Runs streams one after another on each connection and prints how long the first content frame and the whole stream took.
/// A blocking thread per connection: an asynchronous client would add its own thread hand-overs to times of 100 microseconds.
/// </summary>
internal sealed class TimeToFirstToken(TimeProvider time)
{
    private static readonly TimeSpan ReceiveTimeout = TimeSpan.FromSeconds(10);

    public void Run(Arguments arguments)
    {
        var request = new ChatStreamRequest(arguments);
        var connections = Math.Max(1, arguments.Number("connections"));
        var each = Math.Max(10, arguments.Number("requests") / connections);

        var runs = new List<StreamTimes>[connections];
        var failures = new Exception?[connections];
        var started = time.GetTimestamp();
        var threads = Enumerable.Range(0, connections).Select(i => new Thread(() =>
        {
            try
            {
                runs[i] = RunConnection(request, each);
            }
            catch (Exception error) when (error is SocketException or BenchException)
            {
                failures[i] = error;
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        var elapsed = time.GetElapsedTime(started);

        if (failures.FirstOrDefault(failure => failure is not null) is { } failure)
        {
            throw new BenchException($"ttft: {failure.Message} ({arguments.Text("url")})", failure);
        }

        // The first tenth of each connection is the client's own JIT compilation: it is counted, not timed.
        var timed = runs.SelectMany(run => run.Skip(each / 10)).ToList();
        var first = timed.Select(run => run.FirstContent.TotalMicroseconds).Order().ToList();
        var total = timed.Select(run => run.Total.TotalMicroseconds).Order().ToList();
        Console.WriteLine(JsonSerializer.Serialize(new
        {
            requests = each * connections,
            seconds = elapsed.TotalSeconds,
            p50_us = At(first, 0.50),
            p99_us = At(first, 0.99),
            total_p50_us = At(total, 0.50),
            total_p99_us = At(total, 0.99),
        }));
    }

    private static double At(List<double> sorted, double quantile) =>
        sorted[Math.Max(0, (int)Math.Ceiling(quantile * sorted.Count) - 1)];

    private List<StreamTimes> RunConnection(ChatStreamRequest request, int count)
    {
        using var socket = ChatStreamRequest.NewSocket();
        socket.ReceiveTimeout = (int)ReceiveTimeout.TotalMilliseconds;
        request.Connect(socket);

        var buffer = new byte[256 * 1024];
        var runs = new List<StreamTimes>(count);
        for (var i = 0; i < count; i++)
        {
            runs.Add(RunStream(socket, request, buffer));
        }

        return runs;
    }

    private StreamTimes RunStream(Socket socket, ChatStreamRequest request, byte[] buffer)
    {
        var started = time.GetTimestamp();
        _ = socket.Send(request.Bytes);

        var firstContent = TimeSpan.Zero;
        var length = 0;
        while (true)
        {
            var received = socket.Receive(buffer.AsSpan(length));
            var elapsed = time.GetElapsedTime(started);
            length += received;
            var answer = buffer.AsSpan(0, length);

            if (received == 0 || length == buffer.Length)
            {
                throw new BenchException($"the stream is cut or endless after {length} bytes: {Excerpt(answer)}");
            }

            if (length >= ChatStreamRequest.Success.Length && !answer.StartsWith(ChatStreamRequest.Success))
            {
                throw new BenchException($"the answer is not 200: {Excerpt(answer)}");
            }

            if (firstContent == TimeSpan.Zero && answer.IndexOf(ChatStreamRequest.Content) >= 0)
            {
                firstContent = elapsed;
            }

            if (answer.EndsWith(ChatStreamRequest.LastChunk))
            {
                return firstContent > TimeSpan.Zero && answer.IndexOf(ChatStreamRequest.Done) >= 0
                    ? new StreamTimes(firstContent, elapsed)
                    : throw new BenchException($"the stream ended without content or [DONE]: {Excerpt(answer)}");
            }
        }
    }

    private static string Excerpt(ReadOnlySpan<byte> answer) => Encoding.UTF8.GetString(answer[..Math.Min(400, answer.Length)]);

    private sealed record StreamTimes(TimeSpan FirstContent, TimeSpan Total);
}
