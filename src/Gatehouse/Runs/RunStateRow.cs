using Gatehouse.Ledger;
using Microsoft.Data.Sqlite;

namespace Gatehouse.Runs;

/// <summary>That a run was stopped, or may go on again: written with the row of the exchange that was refused for it.</summary>
internal sealed record RunStateRow(RunKey Key, bool IsStopped, RunStop Stop) : ICompanionRow
{
    public void Write(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "INSERT OR REPLACE INTO run_states (tenant, run, state, reason, message, changed_at) VALUES ($tenant, $run, $state, $reason, $message, $at)";
        _ = command.Parameters.AddWithValue("$tenant", Key.Tenant);
        _ = command.Parameters.AddWithValue("$run", Key.Run);
        _ = command.Parameters.AddWithValue("$state", IsStopped ? "stopped" : "resumed");
        _ = command.Parameters.AddWithValue("$reason", Stop.Reason.Word());
        _ = command.Parameters.AddWithValue("$message", Stop.Message);
        _ = command.Parameters.AddWithValue("$at", RunStore.Microseconds(Stop.At));
        _ = command.ExecuteNonQuery();
    }
}
