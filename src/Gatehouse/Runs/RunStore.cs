using System.Text;
using Gatehouse.Storage;
using Microsoft.Data.Sqlite;

namespace Gatehouse.Runs;

/// <param name="First">Id of its first exchange.</param>
internal readonly record struct ListedRun(RunKey Key, string First);

/// <param name="Before">Only runs that began before this exchange.</param>
/// <param name="Key">Id or name of a key.</param>
/// <param name="ActiveSince">Only runs with an exchange that began since then, and that are not stopped; null for all.</param>
internal sealed record RunQuery(int Limit, string? Before, string? Key, string? Agent, string? Tenant, bool IsStopped, DateTimeOffset? ActiveSince);

/// <summary>Runs as the ledger has them, and which of them were stopped. On connections of its own; it blocks while it reads.</summary>
internal sealed class RunStore(Database database)
{
    /// <summary>Exchanges of one run that are read; of more, the first ones.</summary>
    public const int MostRows = 10_000;

    /// <summary>First exchanges that are looked at for one page: a name may have begun many times.</summary>
    private const int MostLookedAt = 50_000;

    /// <summary>As <see cref="Identity.Payer.TenantOf"/> has it.</summary>
    private const string Tenant =
        "CASE WHEN organization IS NOT NULL THEN 'organization:' || organization WHEN team IS NOT NULL THEN 'team:' || team "
        + "WHEN project IS NOT NULL THEN 'project:' || project ELSE 'key:' || key_id END";

    private const string Columns =
        "id, started_at, total_us, parent, shadow_of, target, status, outcome, operation, key_name, agent, requested, "
        + "input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, delivered_text, cost_nano_usd, run_first";

    /// <summary>The first exchanges of a run and those that follow them, by an index each.</summary>
    private const string OfRun =
        "id IN (SELECT id FROM exchanges WHERE run = $run AND run_first IS NULL UNION ALL "
        + "SELECT later.id FROM exchanges AS first JOIN exchanges AS later ON later.run_first = first.id WHERE first.run = $run AND first.run_first IS NULL)";

    public static long Microseconds(DateTimeOffset time) => (time - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    /// <summary>The tenants that have a run of this name.</summary>
    public IReadOnlyList<string> TenantsOf(string run)
    {
        using var connection = database.Connect();
        using var command = Command(connection, $"SELECT DISTINCT {Tenant} FROM exchanges WHERE run = $run AND run_first IS NULL ORDER BY 1 LIMIT 100", ("$run", run));
        using var reader = command.ExecuteReader();
        var tenants = new List<string>();
        while (reader.Read())
        {
            tenants.Add(reader.GetString(0));
        }

        return tenants;
    }

    /// <summary>The exchanges of a run, oldest first; at most <see cref="MostRows"/> and one more.</summary>
    /// <param name="from">Only those that began since then; null for all.</param>
    public IReadOnlyList<RunRow> RowsOf(RunKey key, DateTimeOffset? from = null)
    {
        using var connection = database.Connect();
        return RowsOf(connection, key, from);
    }

    private static List<RunRow> RowsOf(SqliteConnection connection, RunKey key, DateTimeOffset? from = null)
    {
        using var command = Command(
            connection,
            $"SELECT {Columns} FROM exchanges WHERE {OfRun} AND started_at >= $from AND {Tenant} = $tenant ORDER BY id LIMIT {MostRows + 1}",
            ("$run", key.Run), ("$tenant", key.Tenant), ("$from", from is { } time ? Microseconds(time) : long.MinValue));
        using var reader = command.ExecuteReader();
        var rows = new List<RunRow>();
        while (reader.Read())
        {
            rows.Add(Row(reader));
        }

        return rows;
    }

    /// <summary>Runs, the one that began last first.</summary>
    /// <param name="view">Makes something of a run and its exchanges.</param>
    /// <returns>With the exchange before which the next page begins; null at the end.</returns>
    public (IReadOnlyList<T> Runs, string? Next) List<T>(RunQuery query, Func<RunKey, IReadOnlyList<RunRow>, T> view)
    {
        using var connection = database.Connect();
        var listed = Find(connection, query, out var next);
        return (listed.ConvertAll(run => view(run.Key, RowsOf(connection, run.Key))), next);
    }

    /// <summary>What has been decided of runs, oldest first. What is too old to be kept is forgotten.</summary>
    public IReadOnlyList<RunStateRow> ReadStates()
    {
        using var connection = database.Connect();
        using (var forget = Command(
            connection,
            "DELETE FROM run_states WHERE (tenant, run) IN (SELECT tenant, run FROM run_states ORDER BY changed_at LIMIT max(0, (SELECT count(*) FROM run_states) - $kept))",
            ("$kept", StoppedRuns.Most)))
        {
            _ = forget.ExecuteNonQuery();
        }

        using var command = Command(connection, "SELECT tenant, run, state, reason, message, changed_at FROM run_states ORDER BY changed_at");
        using var reader = command.ExecuteReader();
        var states = new List<RunStateRow>();
        while (reader.Read())
        {
            states.Add(new RunStateRow(
                new RunKey(reader.GetString(0), reader.GetString(1)),
                reader.GetString(2) == "stopped",
                new RunStop(RunReasonWords.Of(reader.GetString(3)), reader.GetString(4), Time(reader.GetInt64(5)))));
        }

        return states;
    }

    public void Write(RunStateRow state)
    {
        using var connection = database.Connect();
        state.Write(connection);
    }

    private static List<ListedRun> Find(SqliteConnection connection, RunQuery query, out string? next)
    {
        var parameters = new List<(string, object)>();
        var sql = new StringBuilder($"SELECT id, run, {Tenant} AS tenant FROM exchanges AS e WHERE run_first IS NULL");
        Where(query.Before, "id < $before", "$before");
        Where(query.Key, "(key_id = $key OR key_name = $key)", "$key");
        Where(query.Agent, "agent = $agent", "$agent");
        Where(query.Tenant, $"{Tenant} = $tenant", "$tenant");
        if (query.IsStopped)
        {
            _ = sql.Append($" AND EXISTS (SELECT 1 FROM run_states AS s WHERE s.run = e.run AND s.tenant = {Tenant} AND s.state = 'stopped')");
        }

        if (query.ActiveSince is { } since)
        {
            _ = sql.Append($" AND NOT EXISTS (SELECT 1 FROM run_states AS s WHERE s.run = e.run AND s.tenant = {Tenant} AND s.state = 'stopped')");
            // Ids begin with their time: the rows of the last hour are the end of the table.
            Where(Pipeline.Id.New("exc", since)[..14], "id IN (SELECT coalesce(run_first, id) FROM exchanges WHERE id >= $since)", "$since");
        }

        using var command = Command(connection, sql.Append($" ORDER BY id DESC LIMIT {MostLookedAt}").ToString(), [.. parameters]);
        using var reader = command.ExecuteReader();
        var runs = new List<ListedRun>();
        var seen = new HashSet<RunKey>();
        var looked = 0;
        while (runs.Count < query.Limit && reader.Read())
        {
            looked++;
            var run = new ListedRun(new RunKey(reader.GetString(2), reader.GetString(1)), reader.GetString(0));
            next = run.First;
            if (seen.Add(run.Key))
            {
                runs.Add(run);
            }
        }

        next = runs.Count == query.Limit || looked == MostLookedAt ? runs[^1].First : null;
        return runs;

        void Where(object? value, string condition, string parameter)
        {
            if (value is not null)
            {
                _ = sql.Append(" AND ").Append(condition);
                parameters.Add((parameter, value));
            }
        }
    }

    private static SqliteCommand Command(SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
        {
            _ = command.Parameters.AddWithValue(name, value);
        }

        return command;
    }

    private static RunRow Row(SqliteDataReader reader)
    {
        var (tokens, request) = RunTokens.Of(Number(12), Number(13), Number(14), Number(15), reader.GetInt64(16));
        return new RunRow(
            reader.GetString(0), Time(reader.GetInt64(1)), TimeSpan.FromMicroseconds(reader.GetInt64(2)), Text(3), Text(4), Text(5), reader.GetInt32(6), reader.GetString(7))
        {
            Operation = reader.GetString(8),
            Key = reader.GetString(9),
            Agent = Text(10),
            Model = reader.GetString(11),
            Tokens = tokens,
            RequestTokens = request,
            CostNanoUsd = Number(17),
            First = Text(18),
        };

        string? Text(int i) => reader.IsDBNull(i) ? null : reader.GetString(i);

        long? Number(int i) => reader.IsDBNull(i) ? null : reader.GetInt64(i);
    }

    private static DateTimeOffset Time(long microseconds) => DateTimeOffset.UnixEpoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond);
}
