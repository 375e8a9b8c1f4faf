namespace Gatehouse.Pipeline;

/// <summary>How far the gateway is on its way to its end, for those who have to act on it while they serve.</summary>
internal sealed class GatewayLifetime : IDisposable
{
    private readonly CancellationTokenSource _ended = new();
    private volatile bool _isStopping;

    public GatewayLifetime() => Ended = _ended.Token;

    /// <summary>It has been told to stop. What is asked is still answered, but nobody should come back on the same connection.</summary>
    public bool IsStopping => _isStopping;

    /// <summary>Fires when exchanges have had their time (<c>server.shutdown_timeout</c>): what is not complete ends with an error.</summary>
    public CancellationToken Ended { get; }

    public void Stop() => _isStopping = true;

    public Task EndAsync() => _ended.CancelAsync();

    public void Dispose() => _ended.Dispose();

    /// <summary>What an exchange is told that did not come to its end before the gateway's.</summary>
    public static GatewayError Error { get; } = new(
        GatewayErrorCode.GatewayStopping, "The gateway is being stopped, and the answer was not complete in the time that was left (server.shutdown_timeout). Try again.")
    { Failure = FailureKind.Interrupted };
}
