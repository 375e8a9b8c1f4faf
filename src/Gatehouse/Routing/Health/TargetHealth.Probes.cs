using Gatehouse.Pipeline;

namespace Gatehouse.Routing.Health;

/// <summary>Here what probes tell, which are no exchanges.</summary>
internal sealed partial class TargetHealth
{
    /// <summary>
    /// Lets a probe in: when there was no traffic for a while, or as the trial of the breaker. It counts neither as in flight nor as a refusal.
    /// </summary>
    /// <param name="quiet">How long without traffic.</param>
    /// <param name="pass">With it comes the duty to <see cref="Leave"/>.</param>
    public bool TryEnterProbe(TimeSpan quiet, out HealthPass pass)
    {
        lock (_lock)
        {
            var now = Now;
            pass = default;
            var isClosed = _breaker.State(now) == BreakerState.Closed;
            var hasTraffic = isClosed && (_inFlight > 0 || now - _lastTraffic < quiet);

            // That an account has no money, or a model is gone, no list of models disproves: an exchange has to try.
            var provesNothing = !isClosed && !_isLastFaultOfProbe && Counts.LastFault is FailureKind.Auth or FailureKind.Billing or FailureKind.ModelNotFound;
            if (hasTraffic || provesNothing || _quota.IsClosed(now) || !_breaker.TryEnter(now, out var ticket))
            {
                return false;
            }

            pass = _attempts.Add(ticket, _quota.Period);
            _attempts[pass].IsProbe = true;
            return true;
        }
    }

    /// <summary>The probe that was let in found the provider well: it closes the breaker as its trial, but tells nothing of how model calls are.</summary>
    public void ProbeSucceeded(in HealthPass pass)
    {
        lock (_lock)
        {
            if (!_attempts.IsRunning(pass))
            {
                return;
            }

            ref var attempt = ref _attempts[pass];
            attempt.Verdict = AttemptVerdict.Decided;
            // A row of failures that exchanges have begun does not end with a list of models; one that probes have gone on with does.
            if (attempt.Breaker.IsTrial || _isLastFaultOfProbe)
            {
                _breaker.Succeeded(ref attempt.Breaker, Now);
            }
        }
    }
}
