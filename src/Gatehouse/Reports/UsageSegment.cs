using Microsoft.Data.Sqlite;

namespace Gatehouse.Reports;

/// <summary>A part of a period that is read from the sums of days, or else from those of hours.</summary>
/// <param name="From">The first hour.</param>
/// <param name="To">The hour after the last.</param>
internal readonly record struct UsageSegment(bool IsDays, long From, long To);

/// <summary>
/// The sums of a part, one for each day or hour and set of dimensions; of an hour there may be two. Packed hours come before those that are not
/// packed, the days of each in their order.
/// </summary>
internal sealed class UsageSegmentReader : IDisposable
{
    private readonly UsageSegment _segment;
    private readonly SqliteStatement _rows;
    private readonly SqliteStatement? _packedDays;
    private byte[] _packed = [];
    private Range _left = ..0;
    private Range _sums = ..0;
    private bool _isPacked;
    private long _firstHour;

    public UsageSegmentReader(SqliteConnection connection, UsageSegment segment)
    {
        _segment = segment;
        var (table, time) = segment.IsDays ? ("usage_days", "day") : ("usage_hours", "hour");
        _rows = new SqliteStatement(connection, $"SELECT {time}, dimensions, {UsageMeasures.Columns} FROM {table} WHERE {time} >= ? AND {time} < ? ORDER BY {time}, dimensions");
        _rows.Bind(1, segment.IsDays ? UsageRows.DayOf(segment.From) : segment.From);
        _rows.Bind(2, segment.IsDays ? UsageRows.DayOf(segment.To) : segment.To);
        if (!segment.IsDays)
        {
            _packedDays = new SqliteStatement(connection, "SELECT place, hours FROM usage_packed_days WHERE place >= ? AND place < ? ORDER BY place");
            _packedDays.Bind(1, UsagePacking.PlaceOf(UsageRows.DayOf(segment.From)));
            _packedDays.Bind(2, UsagePacking.PlaceOf(UsageRows.DayOf(segment.To - 1) + 1));
            _isPacked = true;
        }
    }

    /// <summary>Of a day, the first one.</summary>
    public long Hour { get; private set; }

    /// <summary>The number of the set of dimensions.</summary>
    public long Dimensions { get; private set; }

    public bool Read()
    {
        while (_isPacked)
        {
            ReadOnlySpan<byte> left = _packed.AsSpan(_left);
            while (PackedHours.TryRead(ref left, out var hour, out var sums))
            {
                var end = _left.End.Value - left.Length;
                (_sums, _left, Hour) = ((end - sums.Length)..end, end.._left.End, _firstHour + hour);
                if (Hour >= _segment.From && Hour < _segment.To)
                {
                    return true;
                }
            }

            _isPacked = NextPackedDay();
        }

        if (!_rows.Read())
        {
            return false;
        }

        (Hour, Dimensions) = (_segment.IsDays ? _rows.Number(0) * PackedHours.HoursOfDay : _rows.Number(0), _rows.Number(1));
        return true;
    }

    public void AddTo(Span<long> sums)
    {
        if (_isPacked)
        {
            PackedHours.Add(_packed.AsSpan(_sums), sums);
        }
        else
        {
            UsageReader.ReadSums(_rows, sums);
        }
    }

    public void Dispose()
    {
        _rows.Dispose();
        _packedDays?.Dispose();
    }

    private bool NextPackedDay()
    {
        if (!_packedDays!.Read())
        {
            return false;
        }

        var place = _packedDays.Number(0);
        (_firstHour, Dimensions) = (UsagePacking.DayOf(place) * PackedHours.HoursOfDay, UsagePacking.DimensionsOf(place));
        var packed = _packedDays.Bytes(1);
        if (_packed.Length < packed.Length)
        {
            _packed = new byte[packed.Length];
        }

        packed.CopyTo(_packed);
        _left = ..packed.Length;
        return true;
    }
}
