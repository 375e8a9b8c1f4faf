using Microsoft.Data.Sqlite;

namespace Gatehouse.Reports;

/// <summary>
/// Moves the hours of days that are over into <c>usage_packed_days</c>, on the ledger's thread and in its transactions, a few sets of dimensions
/// at a time, once through the table for each day. A row that comes late for a packed hour stands beside it until then: a sum is what is packed and
/// what is not.
/// </summary>
internal sealed class UsagePacking(SqliteConnection connection) : IDisposable
{
    /// <summary>Days and sets of dimensions in a group: at most 768 rows, about a millisecond.</summary>
    private const int MostAtOnce = 32;

    private static readonly string HoursOfDay = string.Join(", ", Enumerable.Range(0, PackedHours.HoursOfDay).Select(hour => $"?1 + {hour}"));

    private static readonly (long Hour, long Dimensions) Begin = (long.MinValue, 0);

    private readonly SqliteStatement _next = new(connection, "SELECT hour, dimensions FROM usage_hours WHERE (hour, dimensions) > (?, ?) AND hour < ? ORDER BY hour, dimensions LIMIT 1");
    private readonly SqliteStatement _rows = new(connection, $"SELECT hour, dimensions, {UsageMeasures.Columns} FROM usage_hours WHERE hour IN ({HoursOfDay}) AND dimensions = ?2");
    private readonly SqliteStatement _delete = new(connection, $"DELETE FROM usage_hours WHERE hour IN ({HoursOfDay}) AND dimensions = ?2");
    private readonly SqliteStatement _read = new(connection, "SELECT hours FROM usage_packed_days WHERE place = ?");
    private readonly SqliteStatement _write = new(connection, "INSERT OR REPLACE INTO usage_packed_days (place, has, hours) VALUES (?, ?, ?)");
    private readonly long[] _sums = new long[PackedHours.HoursOfDay * UsageMeasures.Count];
    private readonly byte[] _packed = new byte[PackedHours.MaxLength];
    private (long Hour, long Dimensions) _at = Begin;
    private long _doneUntil = long.MinValue;

    /// <summary>Where a day's hours stand: the days in their order, and in a day the sets of dimensions.</summary>
    public static long PlaceOf(long day, long dimensions = 0) => (day << 32) + dimensions;

    public static long DayOf(long place) => place >> 32;

    public static long DimensionsOf(long place) => place & uint.MaxValue;

    /// <param name="foldedUntil">The hour until which hours are folded into days. The day before it is left, as exchanges may still come for it.</param>
    public void Continue(long foldedUntil)
    {
        var until = (UsageRows.DayOf(foldedUntil) - 1) * PackedHours.HoursOfDay;
        for (var i = 0; i < MostAtOnce && _doneUntil < until; i++)
        {
            _next.Bind(1, _at.Hour);
            _next.Bind(2, _at.Dimensions);
            _next.Bind(3, until);
            if (!_next.Read())
            {
                (_at, _doneUntil) = (Begin, until);
                return;
            }

            _at = (_next.Number(0), _next.Number(1));
            _next.Reset();
            Pack(UsageRows.DayOf(_at.Hour), _at.Dimensions);
        }
    }

    /// <summary>What was done may have been rolled back.</summary>
    public void Forget() => (_at, _doneUntil) = (Begin, long.MinValue);

    public void Dispose()
    {
        foreach (var statement in (ReadOnlySpan<SqliteStatement>)[_next, _rows, _delete, _read, _write])
        {
            statement.Dispose();
        }
    }

    private void Pack(long day, long dimensions)
    {
        var (place, first) = (PlaceOf(day, dimensions), day * PackedHours.HoursOfDay);
        Array.Clear(_sums);
        _read.Bind(1, place);
        if (_read.Read())
        {
            var before = _read.Bytes(0);
            while (PackedHours.TryRead(ref before, out var hour, out var sums))
            {
                PackedHours.Add(sums, SumsOf(hour));
            }

            _read.Reset();
        }

        _rows.Bind(1, first);
        _rows.Bind(2, dimensions);
        while (_rows.Read())
        {
            UsageReader.ReadSums(_rows, SumsOf((int)(_rows.Number(0) - first)));
        }

        var (length, has) = (0, 0);
        for (var hour = 0; hour < PackedHours.HoursOfDay; hour++)
        {
            var written = PackedHours.Write(_packed.AsSpan(length), hour, SumsOf(hour));
            length += written;
            has |= written > 0 ? 1 << hour : 0;
        }

        _write.Bind(1, place);
        _write.Bind(2, has);
        _write.Bind(3, _packed.AsSpan(0, length));
        _ = _write.Run();
        _delete.Bind(1, first);
        _delete.Bind(2, dimensions);
        _ = _delete.Run();
    }

    private Span<long> SumsOf(int hour) => _sums.AsSpan(hour * UsageMeasures.Count, UsageMeasures.Count);
}
