using Gatehouse.Pipeline;

namespace Gatehouse.Upstream;

/// <summary>
/// How long a call may still take. One token for the client's leave, the gateway's end and every time limit; the limit that holds now is armed before
/// each wait.
/// </summary>
internal sealed class CallLifetime : IDisposable
{
    private const string Connect = "connect";
    private const string Idle = "idle";
    private const string Total = "total";

    private readonly Exchange _exchange;
    private readonly TimeoutModel _limits;
    private readonly CancellationTokenSource _source;
    private readonly CancellationTokenRegistration _clientLeft;
    private readonly CancellationTokenRegistration _gatewayEnded;
    private readonly TimeSpan _began;
    private string _awaited = "";
    private string _limit = "";
    private TimeSpan _limitLength;

    public CallLifetime(Exchange exchange, TimeoutModel limits, TimeProvider time)
    {
        (_exchange, _limits, Time, _began) = (exchange, limits, time, exchange.Timings.Elapsed);
        _source = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        _clientLeft = exchange.Http.RequestAborted.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), _source);
        _gatewayEnded = exchange.GatewayEnded.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), _source);
    }

    public CancellationToken Token => _source.Token;

    /// <summary>There must be a connection within the limit for it.</summary>
    public void AwaitConnection() => Arm(Connect, _limits.Connect);

    public TimeProvider Time { get; }

    /// <summary>From now to the first byte of the answer's body: the first-byte limit.</summary>
    public void AwaitFirstByte() => Arm("first_byte", _limits.FirstByte);

    /// <summary>The next wait must end within the idle limit.</summary>
    public void AwaitMore() => Arm(Idle, _limits.Idle);

    /// <summary>The next wait must end within a short time that is nobody's fault.</summary>
    public void AwaitEnd(TimeSpan limit) => Arm("end", limit);

    /// <summary>No limit runs: it is not the target that is waited for.</summary>
    public void Pause() => _source.CancelAfter(Timeout.InfiniteTimeSpan);

    /// <summary>Why the token fired.</summary>
    public GatewayError EndError(string target) => _exchange.GatewayEnded.IsCancellationRequested ? GatewayLifetime.Error : new(
        GatewayErrorCode.UpstreamTimeout,
        $"{target} did not answer in time ({_limit} limit of {_limitLength.TotalSeconds:0.###} s).")
    {
        // Nobody is told, but the target is not to blame for it.
        Failure = _exchange.ClientLeft || IsNoFault ? FailureKind.Interrupted : _limit == Connect ? FailureKind.Unreachable : FailureKind.Timeout,
    };

    /// <summary>
    /// The exchange has used up its time, and not this target: it was answering without a pause, or had but the rest that a queue or other targets
    /// had left. Else long answers, or a target that hangs, would take a target away that is well.
    /// </summary>
    private bool IsNoFault => _limit == Total && (_awaited == Idle || _began > _limits.Total / 2);

    /// <summary>Ends the call wherever it is.</summary>
    public void Abort() => _source.Cancel();

    public void Dispose()
    {
        _clientLeft.Dispose();
        _gatewayEnded.Dispose();
        _source.Dispose();
    }

    private void Arm(string limit, TimeSpan length)
    {
        var left = _limits.Total - _exchange.Timings.Elapsed;
        _awaited = limit;
        (_limit, _limitLength) = left < length ? (Total, _limits.Total) : (limit, length);
        _source.CancelAfter(left < length ? Max(left, TimeSpan.Zero) : length);
    }

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
