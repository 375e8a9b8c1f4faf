using System.Buffers;
using Gatehouse.Routing;
using Gatehouse.Telemetry;

namespace Gatehouse.Pipeline;

/// <summary>
/// Copies of exchanges that go to a second target beside the first. A copy is an exchange of its own with a row of its own; its answer goes to
/// nobody. There is room for some at a time: what finds none is left out and counted, and no caller ever waits for a copy.
/// </summary>
internal sealed class ShadowTraffic(GatewayMetrics metrics, TimeProvider time) : IDisposable
{
    private const int MostAtOnce = 64;
    private const long MostBytes = 64 * 1024 * 1024;

    private readonly CancellationTokenSource _stop = new();
    private int _running;
    private long _bytes;

    /// <param name="exchange">About to be dispatched: its body is still there.</param>
    /// <param name="run">Steps 6 to 9 for a copy.</param>
    public void Send(Exchange exchange, RoutePlan plan, Func<Exchange, Task> run)
    {
        foreach (var target in plan.Shadows)
        {
            Send(exchange, target, run);
        }
    }

    /// <param name="exchange">About to be dispatched, or answered: its body is still there.</param>
    /// <param name="run">Steps 6 to 9 for a copy.</param>
    public void Send(Exchange exchange, RouteTarget target, Func<Exchange, Task> run)
    {
        if (!exchange.Operation.MayBeAskedTwice || exchange.Request.Envelope is null)
        {
            return;
        }

        var length = exchange.Request.Body.Length;
        // Both are counted before either is looked at, as both are given back.
        var (running, bytes) = (Interlocked.Increment(ref _running), Interlocked.Add(ref _bytes, length));
        if (running > MostAtOnce || bytes > MostBytes)
        {
            metrics.CountShadowLeftOut(exchange.Route!.Name ?? "", target.Target.Name);
            Leave(length);
            return;
        }

        _ = RunAsync(CopyOf(exchange, target), length, run);
    }

    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
    }

    private async Task RunAsync(Exchange copy, long length, Func<Exchange, Task> run)
    {
        metrics.Begin();
        try
        {
            // Not on the thread of the exchange that it is a copy of.
            await Task.Yield();
            await run(copy);
        }
        finally
        {
            Leave(length);
            metrics.End();
        }
    }

    private Exchange CopyOf(Exchange exchange, RouteTarget target)
    {
        var http = new DefaultHttpContext { RequestAborted = _stop.Token };
        http.Request.Method = exchange.Http.Request.Method;
        http.Request.Path = exchange.Http.Request.Path;
        foreach (var (name, values) in exchange.Http.Request.Headers)
        {
            http.Request.Headers[name] = values;
        }

        http.Response.Body = Stream.Null;
        return new Exchange(exchange.Kind, exchange.Operation, http, exchange.Snapshot, time)
        {
            Trace = exchange.Trace,
            Run = exchange.Run,
            RunFirst = exchange.RunFirst ?? exchange.Id,
            Key = exchange.Key,
            Payer = exchange.Payer,
            User = exchange.User,
            Route = RouteModel.Shadow(exchange.Route!, target),
            Request = exchange.Request.Copy(exchange.Request.Body.ToArray()),
            ShadowOf = exchange.Id,
        };
    }

    private void Leave(long length)
    {
        _ = Interlocked.Decrement(ref _running);
        _ = Interlocked.Add(ref _bytes, -length);
    }
}
