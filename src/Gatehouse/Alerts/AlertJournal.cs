using Gatehouse.Storage;

namespace Gatehouse.Alerts;

/// <summary>
/// What is still to be written down. While the database cannot be written it is kept, up to a limit, and tried again: of what is over for long,
/// the record is given up before memory is.
/// </summary>
internal sealed partial class AlertJournal(OpenAlerts open, AlertStore store, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan PruneInterval = TimeSpan.FromHours(1);

    private readonly Lock _gate = new();
    private Dictionary<string, AlertDelivery> _deliveries = new(StringComparer.Ordinal);
    private DateTimeOffset _pruned;
    private bool _isInTrouble;

    /// <summary>A delivery that is new, or whose state changed.</summary>
    public void Add(AlertDelivery delivery)
    {
        lock (_gate)
        {
            _deliveries[delivery.Id] = delivery;
        }
    }

    /// <summary>Writes all that changed. Called by one task.</summary>
    /// <returns>False when it could not be written and is to be tried again.</returns>
    public bool Write()
    {
        var alerts = open.TakeUnwritten();
        Dictionary<string, AlertDelivery> deliveries;
        lock (_gate)
        {
            (deliveries, _deliveries) = (_deliveries, new Dictionary<string, AlertDelivery>(StringComparer.Ordinal));
        }

        try
        {
            if (alerts.Count > 0 || deliveries.Count > 0)
            {
                store.Write(alerts.Select(alert => alert.State), deliveries.Values);
            }

            Prune();
        }
        catch (Exception exception) when (StorageException.Covers(exception))
        {
            GiveBack(alerts, deliveries);
            if (!_isInTrouble)
            {
                _isInTrouble = true;
                LogNotWritable(logger, exception.Message);
            }

            return false;
        }

        if (_isInTrouble)
        {
            _isInTrouble = false;
            LogWritable(logger);
        }

        return true;
    }

    private void Prune()
    {
        var now = time.GetUtcNow();
        if (now - _pruned >= PruneInterval)
        {
            store.Prune(now);
            _pruned = now;
        }
    }

    private void GiveBack(IReadOnlyList<(AlertCondition Condition, AlertState State)> alerts, Dictionary<string, AlertDelivery> deliveries)
    {
        var forgotten = open.GiveBack(alerts);
        lock (_gate)
        {
            foreach (var (id, delivery) in _deliveries)
            {
                deliveries[id] = delivery;
            }

            var ended = deliveries.Where(pair => pair.Value.Status.State != DeliveryState.Waiting).Select(pair => pair.Key);
            foreach (var id in ended.Take(Math.Max(0, deliveries.Count - OpenAlerts.MostEvents)).ToList())
            {
                _ = deliveries.Remove(id);
            }

            _deliveries = deliveries;
        }

        if (forgotten > 0)
        {
            LogForgotten(logger, forgotten);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Alerts cannot be written down: {Reason}. They are sent all the same.")]
    private static partial void LogNotWritable(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Alerts can be written down again.")]
    private static partial void LogWritable(ILogger logger);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Count} alerts that are over will not be in the list of alerts: they could not be written down for too long.")]
    private static partial void LogForgotten(ILogger logger, int count);
}
