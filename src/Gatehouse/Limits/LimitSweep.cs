using Gatehouse.Limits.Accounts;
using Gatehouse.Limits.State;

namespace Gatehouse.Limits;

/// <summary>Looks through all accounts each minute: for periods and raises that are over, and for what need not be kept in memory.</summary>
internal sealed partial class LimitSweep : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private readonly LimitBook _book;
    private readonly LimitAlerts _alerts;
    private readonly LimitRaises _raises;
    private readonly ILogger<LimitSweep> _logger;
    private readonly ITimer _timer;

    public LimitSweep(LimitBook book, LimitAlerts alerts, LimitRaises raises, TimeProvider time, ILogger<LimitSweep> logger)
    {
        (_book, _alerts, _raises, _logger) = (book, alerts, raises, logger);
        _timer = time.CreateTimer(static sweep => ((LimitSweep)sweep!).Run(), this, Interval, Interval);
    }

    public void Dispose() => _timer.Dispose();

    private void Run()
    {
        try
        {
            _raises.Expire();
            foreach (var account in _book.Accounts)
            {
                if (account is PeriodAccount period)
                {
                    _alerts.Renewed(period, _book.Now);
                }

                if (account.Rule.Action == LimitAction.Alert)
                {
                    _alerts.LookedAt(account, _book.Now);
                }
            }

            _book.Forget();
        }
#pragma warning disable CA1031 // It comes from a timer, where an exception would end the process; in a minute it is tried again.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            LogFailure(_logger, exception);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Limits could not be looked through; it is tried again in a minute.")]
    private static partial void LogFailure(ILogger logger, Exception exception);
}
