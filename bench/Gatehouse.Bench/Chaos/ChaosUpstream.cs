using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Gatehouse.Bench.Chaos;

/// <summary>
/// A provider on raw sockets that fails by its schedule. It closes its port for as long as it refuses connections; the port must be
/// outside of the range of outgoing ports, or another's connection could take it meanwhile.
/// </summary>
internal sealed class ChaosUpstream(int index, int port, int seed, TargetBehaviour behaviour, RunClock clock, FaultTrace trace) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<ChaosConnection, byte> _connections = new();
    private readonly ConcurrentQueue<TimeSpan> _arrivals = new();
    private Task _run = Task.CompletedTask;

    /// <summary>When requests of the run arrived. A refused connection does not arrive.</summary>
    public IReadOnlyCollection<TimeSpan> Arrivals => _arrivals;

    public int Index => index;

    public int Seed => seed;

    public TargetBehaviour Behaviour => behaviour;

    public RunClock Clock => clock;

    public CancellationToken Stopping => _stop.Token;

    public void Start()
    {
        var listener = Listen();
        _run = RunAsync(listener);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _run;
        foreach (var connection in _connections.Keys)
        {
            connection.Reset();
        }

        _stop.Dispose();
    }

    /// <summary>Counts a request that has arrived whole, and says how it fails.</summary>
    public Fault Admit(ChaosRequest request)
    {
        if (!clock.IsRunning)
        {
            return Fault.None;
        }

        var at = clock.Elapsed;
        _arrivals.Enqueue(at);
        var fault = behaviour.Schedule.At(at);
        if (fault == Fault.None && request.Stream)
        {
            fault = behaviour.FaultOf(seed, index, request.Number);
        }

        if (fault != Fault.None)
        {
            trace.Meet(request.Number, fault);
        }

        return fault;
    }

    private Socket Listen()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        // The connections of the last listener on this port are still closing.
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, optionValue: true);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
        socket.Listen(4096);
        return socket;
    }

    private async Task RunAsync(Socket listener)
    {
        try
        {
            var refusals = behaviour.Schedule.Bursts.Where(burst => burst.Fault == Fault.RefusedConnection);
            foreach (var refusal in refusals)
            {
                await AcceptUntilAsync(listener, refusal.Start);
                listener.Dispose();
                foreach (var connection in _connections.Keys)
                {
                    connection.Retire();
                }

                await (refusal.End == TimeSpan.MaxValue
                    ? Task.Delay(Timeout.InfiniteTimeSpan, clock.Time, _stop.Token)
                    : clock.DelayAsync(Max(refusal.End - clock.Elapsed, TimeSpan.Zero), _stop.Token));
                listener = Listen();
            }

            await AcceptUntilAsync(listener, TimeSpan.MaxValue);
        }
        catch (OperationCanceledException)
        {
            // The run is over.
        }
        finally
        {
            listener.Dispose();
        }
    }

    private async Task AcceptUntilAsync(Socket listener, TimeSpan end)
    {
        using var time = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        if (end < TimeSpan.MaxValue)
        {
            _ = CancelAtAsync(end, time);
        }

        try
        {
            while (true)
            {
                var socket = await listener.AcceptAsync(time.Token);
                socket.NoDelay = true;
                var connection = new ChaosConnection(socket, this);
                _ = _connections.TryAdd(connection, 0);
                _ = ServeAsync(connection);
            }
        }
        catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
        {
            // Time to refuse.
        }
    }

    private async Task CancelAtAsync(TimeSpan end, CancellationTokenSource time)
    {
        try
        {
            while (!clock.IsRunning || clock.Elapsed < end)
            {
                var wait = clock.IsRunning ? Max(end - clock.Elapsed, TimeSpan.FromMilliseconds(1)) : TimeSpan.FromMilliseconds(5);
                await clock.DelayAsync(wait, _stop.Token);
            }

            await time.CancelAsync();
        }
        catch (OperationCanceledException)
        {
            // The run is over before the refusal began.
        }
    }

    private async Task ServeAsync(ChaosConnection connection)
    {
        try
        {
            await connection.RunAsync();
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The gateway left, or the run is over.
        }
        finally
        {
            connection.Close();
            _ = _connections.TryRemove(connection, out _);
        }
    }

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
