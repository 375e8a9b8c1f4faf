using System.Data.Common;
using Gatehouse.Pipeline;

namespace Gatehouse.Runs;

/// <summary>Runs that were begun before this gateway was: in its first hour their beginning is looked up in the ledger, once for each.</summary>
internal sealed partial class RunTracker
{
    private async ValueTask<Outcome> RestoreAndEnterAsync(Exchange exchange, RunKey key)
    {
        var agent = AgentOf(exchange);
        var from = _since - Idle;
        if (_stopped.ResumedAt(key) is { } resumed && resumed > from)
        {
            from = resumed;
        }

        try
        {
            // Off the thread of the listener: reading blocks.
            var rows = await Task.Run(() => _store.RowsOf(key, _since - Idle));
            if (rows.Count > 0)
            {
                Restore(key, agent, rows, from);
            }
        }
        catch (DbException exception)
        {
            // Its limits count from now on: a reader in trouble must not keep calls from being made.
            LogNotRestored(_logger, exception, key.Run);
        }

        return await Enter(exchange, key);
    }

    /// <param name="rows">Of the ledger, oldest first.</param>
    /// <param name="from">Limits count what began since then.</param>
    private void Restore(RunKey key, string agent, IReadOnlyList<RunRow> rows, DateTimeOffset from)
    {
        var run = new RunState(key, rows[0].Agent ?? agent, Latest(from, rows[0].StartedAt)) { First = rows[0].First ?? rows[0].Id, LastAt = rows[^1].EndedAt };
        var depths = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var row in rows)
        {
            var depth = row.Parent is { } parent ? depths.GetValueOrDefault(parent, 1) + 1 : 1;
            depths[row.Id] = depth;
            run.Know(row.Id, span: 0, depth);
            if (row.StartedAt < from || row.IsRefused || row.ShadowOf is not null)
            {
                continue;
            }

            run.Calls++;
            run.Tokens += row.Tokens;
            run.CostNanoUsd += row.CostNanoUsd ?? 0;
            run.CountFirst(row.Id, row.RequestTokens);
        }

        lock (_gate)
        {
            if (!_runs.ContainsKey(key))
            {
                Add(run);
            }
        }
    }

    private static DateTimeOffset Latest(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;

    [LoggerMessage(Level = LogLevel.Warning, Message = "What the run {Run} did before the start could not be read: its limits count from now on.")]
    private static partial void LogNotRestored(ILogger logger, Exception exception, string run);
}
