using System.Net.Sockets;
using System.Text;

namespace Gatehouse.Bench;

/// <summary>
/// Opens streams, holds them after their first frame, and says how many are still open at the end. Plain sockets: nothing here
/// reads while a stream is idle, so that 10,000 of them cost the client no buffers and no CPU.
/// </summary>
internal static class IdleStreams
{
    private static readonly TimeSpan OpenTimeout = TimeSpan.FromMinutes(2);

    // Below the listen backlog of Kestrel (512).
    private const int OpenAtOnce = 64;

    public static async Task RunAsync(Arguments arguments)
    {
        var request = new ChatStreamRequest(arguments);
        var sockets = new Socket[arguments.Number("streams")];
        try
        {
            using var deadline = new CancellationTokenSource(OpenTimeout, TimeProvider.System);
            var options = new ParallelOptions { MaxDegreeOfParallelism = OpenAtOnce, CancellationToken = deadline.Token };
            await Parallel.ForAsync(0, sockets.Length, options, async (i, cancel) =>
            {
                sockets[i] = ChatStreamRequest.NewSocket();
                await OpenAsync(sockets[i], request, cancel);
            });

            Console.WriteLine($$"""{"open":{{sockets.Length}}}""");
            _ = await Console.In.ReadLineAsync();
            Console.WriteLine($$"""{"still_open":{{sockets.Count(IsOpen)}}}""");
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            var tried = sockets.Count(socket => socket is not null);
            throw new BenchException($"idle: {tried} of {sockets.Length} streams tried, then: {error.Message}", error);
        }
        finally
        {
            foreach (var socket in sockets)
            {
                socket?.Dispose();
            }
        }
    }

    private static async Task OpenAsync(Socket socket, ChatStreamRequest request, CancellationToken cancel)
    {
        await request.ConnectAsync(socket, cancel);
        _ = await socket.SendAsync(request.Bytes, cancel);

        var buffer = new byte[4096];
        var length = 0;
        while (buffer.AsSpan(0, length).IndexOf(ChatStreamRequest.Content) < 0)
        {
            var received = length < buffer.Length ? await socket.ReceiveAsync(buffer.AsMemory(length), cancel) : 0;
            length += received;
            if (received == 0 || (length >= ChatStreamRequest.Success.Length && !buffer.AsSpan().StartsWith(ChatStreamRequest.Success)))
            {
                throw new BenchException($"idle: not a 200 stream: {Encoding.UTF8.GetString(buffer, 0, length)}");
            }
        }
    }

    /// <summary>Data alone is no end, it may be a keep-alive comment: only a closed connection or the last chunk is.</summary>
    private static bool IsOpen(Socket socket)
    {
        Span<byte> buffer = stackalloc byte[4096];
        while (socket.Poll(TimeSpan.Zero, SelectMode.SelectRead))
        {
            var received = socket.Receive(buffer, SocketFlags.None, out var error);
            if (received == 0 || error != SocketError.Success || buffer[..received].EndsWith(ChatStreamRequest.LastChunk))
            {
                return false;
            }
        }

        return true;
    }
}
