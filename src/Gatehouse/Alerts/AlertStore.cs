using System.Text;
using System.Text.Json;
using Gatehouse.Storage;
using Microsoft.Data.Sqlite;

namespace Gatehouse.Alerts;

/// <param name="Before">Only alerts older than this id.</param>
internal sealed record AlertQuery(int Limit, string? Before = null, bool? IsOpen = null, string? Kind = null, string? Id = null);

/// <summary>What came of telling a sink.</summary>
internal sealed record DeliveryRow(string Id, string Sink, string Event, DeliveryStatus Status);

/// <summary>Alerts in the database. One writer; readers have connections of their own.</summary>
internal sealed class AlertStore(Database database) : IDisposable
{
    private const int MostResolved = 10_000;
    private const int MostDeliveries = 50_000;
    private static readonly TimeSpan Retention = TimeSpan.FromDays(90);
    private SqliteConnection? _connection;

    /// <summary>Writes all or nothing.</summary>
    /// <exception cref="SqliteException">It cannot be written now.</exception>
    public void Write(IEnumerable<AlertState> alerts, IEnumerable<AlertDelivery> deliveries) => Change(connection =>
    {
        using var transaction = connection.BeginTransaction(deferred: false);
        foreach (var alert in alerts)
        {
            Write(connection, alert);
        }

        foreach (var delivery in deliveries)
        {
            Write(connection, delivery);
        }

        transaction.Commit();
    });

    /// <summary>Forgets what is older than 90 days, and of what is over all but the newest 10,000. What is open or waits to be delivered stays.</summary>
    /// <exception cref="SqliteException">It cannot be written now.</exception>
    public void Prune(DateTimeOffset now) => Change(connection =>
    {
        using var transaction = connection.BeginTransaction(deferred: false);
        Execute(
            connection,
            """
            DELETE FROM alerts WHERE resolved_at IS NOT NULL
              AND (resolved_at < $oldest OR id <= (SELECT id FROM alerts WHERE resolved_at IS NOT NULL ORDER BY id DESC LIMIT 1 OFFSET $most))
              AND NOT EXISTS (SELECT 1 FROM alert_deliveries WHERE alert_id = alerts.id AND state = 'waiting')
            """,
            ("$oldest", Microseconds(now - Retention)), ("$most", MostResolved));
        Execute(
            connection,
            """
            DELETE FROM alert_deliveries WHERE state <> 'waiting'
              AND (ended_at < $oldest OR sequence <= (SELECT sequence FROM alert_deliveries ORDER BY sequence DESC LIMIT 1 OFFSET $most))
            """,
            ("$oldest", Microseconds(now - Retention)), ("$most", MostDeliveries));
        transaction.Commit();
    });

    /// <summary>What was open, and what was still to be delivered in its order, when the gateway stopped.</summary>
    public (IReadOnlyList<AlertCondition> Conditions, IReadOnlyList<AlertDelivery> Waiting) Restore(int mostOpen)
    {
        using var connection = database.Connect();
        using var open = Command(
            connection,
            """
            SELECT * FROM alerts WHERE id IN (SELECT id FROM alerts WHERE resolved_at IS NULL ORDER BY id DESC LIMIT $most)
              OR id IN (SELECT alert_id FROM alert_deliveries WHERE state = 'waiting')
            """,
            ("$most", mostOpen));
        var conditions = Read(open).ToDictionary(state => state.Id, state => new AlertCondition(state), StringComparer.Ordinal);

        using var command = Command(connection, "SELECT id, sink, alert_id, notice FROM alert_deliveries WHERE state = 'waiting' ORDER BY sequence");
        using var reader = command.ExecuteReader();
        var waiting = new List<AlertDelivery>();
        while (reader.Read())
        {
            var notice = JsonSerializer.Deserialize(reader.GetString(3), AlertJson.Plain.AlertNotice)!;
            waiting.Add(new AlertDelivery(reader.GetString(0), reader.GetString(1), conditions[reader.GetString(2)], notice));
        }

        return ([.. conditions.Values], waiting);
    }

    public IReadOnlyList<AlertState> List(AlertQuery query)
    {
        using var connection = database.Connect();
        using var command = Command(connection, "");
        var sql = new StringBuilder("SELECT * FROM alerts WHERE 1 = 1");
        Where(query.Id, "id = $id", "$id");
        Where(query.Before, "id < $before", "$before");
        Where(query.Kind, "kind = $kind", "$kind");
        if (query.IsOpen is { } isOpen)
        {
            _ = sql.Append(isOpen ? " AND resolved_at IS NULL" : " AND resolved_at IS NOT NULL");
        }

        command.CommandText = sql.Append(" ORDER BY id DESC LIMIT $limit").ToString();
        _ = command.Parameters.AddWithValue("$limit", query.Limit);
        return Read(command);

        void Where(string? value, string condition, string parameter)
        {
            if (value is not null)
            {
                _ = sql.Append(" AND ").Append(condition);
                _ = command.Parameters.AddWithValue(parameter, value);
            }
        }
    }

    /// <summary>The newest deliveries of an alert, newest first.</summary>
    public IReadOnlyList<DeliveryRow> Deliveries(string alertId, int limit)
    {
        using var connection = database.Connect();
        using var command = Command(
            connection, "SELECT id, sink, event, state, attempts, error, ended_at FROM alert_deliveries WHERE alert_id = $id ORDER BY sequence DESC LIMIT $limit",
            ("$id", alertId), ("$limit", limit));
        using var reader = command.ExecuteReader();
        var rows = new List<DeliveryRow>();
        while (reader.Read())
        {
            rows.Add(new DeliveryRow(reader.GetString(0), reader.GetString(1), reader.GetString(2), new DeliveryStatus(
                StateOf(reader.GetString(3)), reader.GetInt32(4), reader.IsDBNull(5) ? null : reader.GetString(5), reader.IsDBNull(6) ? null : Time(reader.GetInt64(6)))));
        }

        return rows;
    }

    /// <summary>For an alert that is over; of an open one the truth is in memory.</summary>
    public void Acknowledge(string id, DateTimeOffset now)
    {
        using var connection = database.Connect();
        Execute(connection, "UPDATE alerts SET acknowledged_at = $now WHERE id = $id AND acknowledged_at IS NULL", ("$id", id), ("$now", Microseconds(now)));
    }

    public void Dispose() => _connection?.Dispose();

    public static string Word(DeliveryState state) => state switch
    {
        DeliveryState.Waiting => "waiting",
        DeliveryState.Delivered => "delivered",
        DeliveryState.Refused => "refused",
        DeliveryState.GivenUp => "given_up",
        DeliveryState.Dropped => "dropped",
        _ => "not_told",
    };

    private static DeliveryState StateOf(string word) => Enum.GetValues<DeliveryState>().First(state => string.Equals(Word(state), word, StringComparison.Ordinal));

    private void Change(Action<SqliteConnection> change)
    {
        try
        {
            change(_connection ??= database.Connect());
        }
        catch (SqliteException)
        {
            // The next change begins anew.
            _connection?.Dispose();
            _connection = null;
            throw;
        }
    }

    private static void Write(SqliteConnection connection, AlertState alert) => Execute(
        connection,
        """
        INSERT INTO alerts (id, kind, subject, severity, message, details, opened_at, sent_at, count, last_at, resolved_at, resolution, acknowledged_at, told)
          VALUES ($id, $kind, $subject, $severity, $message, $details, $opened, $sent, $count, $last, $resolved, $resolution, $acknowledged, $told)
          ON CONFLICT (id) DO UPDATE SET severity = $severity, message = $message, details = $details, sent_at = $sent, count = $count, last_at = $last,
            resolved_at = $resolved, resolution = $resolution, acknowledged_at = coalesce($acknowledged, acknowledged_at), told = $told
        """,
        ("$id", alert.Id), ("$kind", alert.Kind), ("$subject", alert.Subject), ("$severity", alert.Severity.Word()), ("$message", alert.Message),
        ("$details", JsonSerializer.Serialize(alert.Details.ToDictionary(StringComparer.Ordinal), AlertJson.Plain.DictionaryStringString)),
        ("$opened", Microseconds(alert.OpenedAt)), ("$sent", Microseconds(alert.SentAt)), ("$count", alert.Count), ("$last", Microseconds(alert.LastAt)),
        ("$resolved", Optional(alert.ResolvedAt)), ("$resolution", (object?)alert.Resolution ?? DBNull.Value), ("$acknowledged", Optional(alert.AcknowledgedAt)),
        ("$told", JsonSerializer.Serialize([.. alert.Told], AlertJson.Plain.ListString)));

    private static void Write(SqliteConnection connection, AlertDelivery delivery)
    {
        var status = delivery.Status;
        Execute(
            connection,
            """
            INSERT INTO alert_deliveries (id, alert_id, sink, notice, event, state, attempts, error, ended_at)
              SELECT $id, $alert, $sink, $notice, $event, $state, $attempts, $error, $ended WHERE EXISTS (SELECT 1 FROM alerts WHERE id = $alert)
              ON CONFLICT (id) DO UPDATE SET state = $state, attempts = $attempts, error = $error, ended_at = $ended
            """,
            ("$id", delivery.Id), ("$alert", delivery.Notice.Alert.Id), ("$sink", delivery.Sink), ("$notice", JsonSerializer.Serialize(delivery.Notice, AlertJson.Plain.AlertNotice)),
            ("$event", delivery.Notice.Event.Word()), ("$state", Word(status.State)), ("$attempts", status.Attempts), ("$error", (object?)status.Error ?? DBNull.Value),
            ("$ended", Optional(status.EndedAt)));
    }

    private static List<AlertState> Read(SqliteCommand command)
    {
        using var reader = command.ExecuteReader();
        var states = new List<AlertState>();
        while (reader.Read())
        {
            states.Add(new AlertState(
                reader.GetString(0), reader.GetString(1), reader.GetString(2), SeverityOf(reader.GetString(3)), reader.GetString(4),
                JsonSerializer.Deserialize(reader.GetString(5), AlertJson.Plain.DictionaryStringString)!,
                Time(reader.GetInt64(6)), Time(reader.GetInt64(7)), reader.GetInt64(8), Time(reader.GetInt64(9)),
                reader.IsDBNull(10) ? null : Time(reader.GetInt64(10)), reader.IsDBNull(11) ? null : reader.GetString(11),
                reader.IsDBNull(12) ? null : Time(reader.GetInt64(12)), JsonSerializer.Deserialize(reader.GetString(13), AlertJson.Plain.ListString)!));
        }

        return states;
    }

    private static AlertSeverity SeverityOf(string word) => Enum.GetValues<AlertSeverity>().First(severity => string.Equals(severity.Word(), word, StringComparison.Ordinal));

    private static long Microseconds(DateTimeOffset time) => (time - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    private static object Optional(DateTimeOffset? time) => time is { } value ? Microseconds(value) : DBNull.Value;

    private static DateTimeOffset Time(long microseconds) => DateTimeOffset.UnixEpoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond);

    private static void Execute(SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using var command = Command(connection, sql, parameters);
        _ = command.ExecuteNonQuery();
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
}
