using System.Collections.Concurrent;
using Gatehouse.Limits.Accounts;
using Gatehouse.Storage;

namespace Gatehouse.Limits.State;

/// <summary>Temporary raises of limits, in the database and in force.</summary>
internal sealed partial class LimitRaises
{
    private readonly Database _database;
    private readonly LimitBook _book;
    private readonly TimeProvider _time;
    private readonly ILogger<LimitRaises> _logger;
    private readonly ConcurrentDictionary<(string Rule, string Bucket), LimitRaise> _all = new();

    public LimitRaises(Database database, LimitBook book, TimeProvider time, ILogger<LimitRaises> logger)
    {
        (_database, _book, _time, _logger) = (database, book, time, logger);
        using var connection = database.Connect();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT rule, bucket, amount, reason, until FROM limit_raises";
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            var (rule, bucket) = (reader.GetString(0), reader.GetString(1));
            var raise = new LimitRaise(reader.GetInt64(2), reader.GetString(3), new DateTimeOffset(reader.GetInt64(4), TimeSpan.Zero));
            _all[(rule, bucket)] = raise;
            book.Raise(rule, bucket, raise);
        }
    }

    public LimitRaise? Find(string rule, string bucket) => _all.GetValueOrDefault((rule, bucket));

    /// <summary>A raise takes the place of one that there was.</summary>
    public void Set(LimitRule rule, string bucket, LimitRaise raise)
    {
        Execute(
            "INSERT INTO limit_raises VALUES ($rule, $bucket, $amount, $reason, $created, $until) ON CONFLICT (rule, bucket) DO UPDATE "
            + "SET amount = excluded.amount, reason = excluded.reason, created_at = excluded.created_at, until = excluded.until",
            ("$rule", rule.Id), ("$bucket", bucket), ("$amount", raise.Amount), ("$reason", raise.Reason),
            ("$created", _time.GetUtcNow().UtcTicks), ("$until", raise.Until.UtcTicks));
        _all[(rule.Id, bucket)] = raise;
        _book.Raise(rule.Id, bucket, raise);
        LogRaised(_logger, rule.Label, bucket, raise.Amount, raise.Until, raise.Reason);
    }

    /// <returns>False when there was none.</returns>
    public bool Remove(string rule, string bucket)
    {
        if (!_all.ContainsKey((rule, bucket)))
        {
            return false;
        }

        Execute("DELETE FROM limit_raises WHERE rule = $rule AND bucket = $bucket", ("$rule", rule), ("$bucket", bucket));
        _ = _all.TryRemove((rule, bucket), out _);
        _book.Raise(rule, bucket, null);
        LogEnded(_logger, rule, bucket);
        return true;
    }

    public void Expire()
    {
        var now = _time.GetUtcNow();
        foreach (var ((rule, bucket), raise) in _all)
        {
            if (raise.Until <= now)
            {
                _ = Remove(rule, bucket);
            }
        }
    }

    private void Execute(string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using var connection = _database.Connect();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
        {
            _ = command.Parameters.AddWithValue(name, value);
        }

        _ = command.ExecuteNonQuery();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The limit '{Rule}' [{Bucket}] is raised by {Amount} (nano-USD, calls or tokens) until {Until:u}: {Reason}")]
    private static partial void LogRaised(ILogger logger, string rule, string bucket, long amount, DateTimeOffset until, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "The raise of the limit '{Rule}' [{Bucket}] is over.")]
    private static partial void LogEnded(ILogger logger, string rule, string bucket);
}
