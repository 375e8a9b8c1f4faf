using Gatehouse.Pipeline;

namespace Gatehouse.Upstream;

/// <summary>
/// How long a call may still take. One token for the client's leave and for every time limit; the limit that holds now is armed before
/// each wait.
/// </summary>
internal sealed class CallLifetime : IDisposable
{
    private readonly Exchange _exchange;
    private readonly TimeoutModel _limits;
    private readonly CancellationTokenSource _source;
    private readonly CancellationTokenRegistration _clientLeft;
    private const string Connect = "connect";

    private string _limit = "";
    private TimeSpan _limitLength;

    public CallLifetime(Exchange exchange, TimeoutModel limits, TimeProvider time)
    {
        (_exchange, _limits, Time) = (exchange, limits, time);
        _source = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        _clientLeft = exchange.Http.RequestAborted.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), _source);
    }

    public CancellationToken Token => _source.Token;

    /// <summary>There must be a connection within the limit for it.</summary>
    public void AwaitConnection() => Arm(Connect, _limits.Connect);

    public TimeProvider Time { get; }

    /// <summary>From now to the first byte of the answer's body: the first-byte limit.</summary>
    public void AwaitFirstByte() => Arm("first_byte", _limits.FirstByte);

    /// <summary>The next wait must end within the idle limit.</summary>
    public void AwaitMore() => Arm("idle", _limits.Idle);

    /// <summary>The next wait must end within a short time that is nobody's fault.</summary>
    public void AwaitEnd(TimeSpan limit) => Arm("end", limit);

    /// <summary>No limit runs: it is not the target that is waited for.</summary>
    public void Pause() => _source.CancelAfter(Timeout.InfiniteTimeSpan);

    /// <summary>The error to tell when the token fired and the client is still there.</summary>
    public GatewayError TimeoutError(string target) => new(
        GatewayErrorCode.UpstreamTimeout,
        $"{target} did not answer in time ({_limit} limit of {_limitLength.TotalSeconds:0.###} s).")
    {
        Failure = _limit == Connect ? FailureKind.Unreachable : null,
    };

    /// <summary>Ends the call wherever it is.</summary>
    public void Abort() => _source.Cancel();

    public void Dispose()
    {
        _clientLeft.Dispose();
        _source.Dispose();
    }

    private void Arm(string limit, TimeSpan length)
    {
        var left = _limits.Total - _exchange.Timings.Elapsed;
        (_limit, _limitLength) = left < length ? ("total", _limits.Total) : (limit, length);
        _source.CancelAfter(left < length ? Max(left, TimeSpan.Zero) : length);
    }

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
