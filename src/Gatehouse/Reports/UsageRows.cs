using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using Gatehouse.Ledger;
using Microsoft.Data.Sqlite;

namespace Gatehouse.Reports;

/// <summary>
/// Keeps the sums of <c>usage_hours</c>, <c>usage_packed_days</c> and <c>usage_days</c>, on the ledger's thread and in its transactions. What costs time for each
/// exchange is a look into a table in memory and, when no other exchange of the group has the same dimensions, one upsert.
/// </summary>
internal sealed class UsageRows : IGroupRows
{
    public const long MicrosecondsPerHour = 3_600_000_000;
    public const string FoldedUntil = "usage.folded_until";

    /// <summary>Rows of an hour, each with its own user; each level that is coarser gets half as many on top. What is coarsest has no bound.</summary>
    public const int DefaultMostSets = 10_000;

    private const int MostRemembered = 50_000;
    private const int MostHours = 64;
    private const int MostStatements = 32;
    private const int AllPlaces = (1 << UsageMeasures.Count) - 1;

    // Beyond the largest integer a sum becomes a real, and the least of both is the integer again.
    private static readonly string BoundedSums = string.Join(", ", UsageMeasures.Names.Select(name => $"{name} = CAST(min({name} + excluded.{name}, 9000000000000000000) AS INTEGER)"));

    private readonly Dictionary<(long Hour, UsageDimensions Dimensions), long> _known = [];
    private readonly Dictionary<long, int> _setsOfHour = [];
    private readonly Dictionary<(long Hour, long Id), long[]> _sums = [];
    private readonly Stack<long[]> _free = [];
    private readonly Dictionary<int, SqliteStatement> _addHour = [];
    private readonly Dictionary<int, SqliteStatement> _addDay = [];
    private readonly SqliteStatement _find;
    private readonly SqliteStatement _insert;
    private readonly SqliteStatement _isInHour;
    private readonly SqliteStatement _countHour;
    private readonly SqliteStatement _readFolded;
    private readonly SqliteStatement _writeFolded;
    private readonly SqliteStatement _nextHour;
    private readonly SqliteStatement _fold;
    private readonly UsagePacking _packing;
    private readonly SqliteConnection _connection;
    private readonly bool _folds;
    private readonly int _mostSets;
    private long? _foldedUntil;

    /// <param name="folds">Hours that are over are added to their days. Only one may do so for a database.</param>
    public UsageRows(SqliteConnection connection, bool folds = true, int mostSets = DefaultMostSets)
    {
        (_connection, _folds, _mostSets) = (connection, folds, mostSets);
        var columns = UsageMeasures.Columns;
        _packing = new UsagePacking(connection);
        _find = new SqliteStatement(connection, "SELECT id FROM usage_dimensions WHERE digest = ?");
        _insert = new SqliteStatement(connection, $"INSERT INTO usage_dimensions ({UsageDimensions.Columns}, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id");
        _isInHour = new SqliteStatement(connection, "SELECT 1 FROM usage_hours WHERE hour = ? AND dimensions = ? UNION ALL SELECT 1 FROM usage_packed_days WHERE place = ? AND has & ?");
        _countHour = new SqliteStatement(connection, "SELECT (SELECT count(*) FROM usage_hours WHERE hour = ?) + (SELECT count(*) FROM usage_packed_days WHERE place >= ? AND place < ? AND has & ?)");
        _readFolded = new SqliteStatement(connection, "SELECT value FROM settings WHERE name = ?");
        _writeFolded = new SqliteStatement(connection, "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value");
        _nextHour = new SqliteStatement(connection, "SELECT min(hour) FROM usage_hours WHERE hour >= ?");
        _fold = new SqliteStatement(connection, $"""
            INSERT INTO usage_days (day, dimensions, {columns}) SELECT hour / 24, dimensions, {columns} FROM usage_hours WHERE hour = ?
            ON CONFLICT (day, dimensions) DO UPDATE SET {BoundedSums}, others = others | excluded.others
            """);
    }

    public void Write(List<LedgerEntry> entries)
    {
        Span<long> one = stackalloc long[UsageMeasures.Count];
        foreach (var entry in entries)
        {
            one.Clear();
            UsageMeasures.Read(entry, one);
            Add(entry.StartedAtMicroseconds, UsageDimensions.Of(entry), one);
        }

        Flush();
    }

    /// <summary>Adds one exchange to what <see cref="Flush"/> writes.</summary>
    /// <param name="startedAt">Microseconds since 1970.</param>
    /// <param name="measures">In the order of <see cref="UsageMeasures"/>.</param>
    public void Add(long startedAt, in UsageDimensions dimensions, ReadOnlySpan<long> measures)
    {
        var hour = HourOf(startedAt);
        var id = IdOf(hour, dimensions);
        ref var sums = ref CollectionsMarshal.GetValueRefOrAddDefault(_sums, (hour, id), out _);
        sums ??= _free.TryPop(out var free) ? free : new long[UsageMeasures.Count];
        UsageMeasures.Add(measures, sums);
    }

    /// <summary>Writes the sums, in the transaction that is open.</summary>
    public void Flush()
    {
        // Nobody else changes it while this folds.
        var foldedUntil = _folds ? _foldedUntil ??= ReadFolded() : ReadFolded();
        var newest = long.MinValue;
        foreach (var ((hour, id), sums) in _sums)
        {
            newest = Math.Max(newest, hour);
            var places = UsageMeasures.PlacesOf(sums);
            Add(_addHour, "usage_hours", "hour", hour, id, sums, places);
            if (hour < foldedUntil)
            {
                Add(_addDay, "usage_days", "day", DayOf(hour), id, sums, places);
            }

            Array.Clear(sums);
            _free.Push(sums);
        }

        _sums.Clear();
        if (_folds && newest > foldedUntil)
        {
            Fold(foldedUntil, newest);
        }

        if (_folds)
        {
            _packing.Continue(_foldedUntil!.Value);
        }
    }

    public void Forget()
    {
        _known.Clear();
        _setsOfHour.Clear();
        _sums.Clear();
        _packing.Forget();
        _foldedUntil = null;
    }

    public static long HourOf(long microseconds) => FloorDivided(microseconds, MicrosecondsPerHour);

    public static long DayOf(long hour) => FloorDivided(hour, 24);

    public void Dispose()
    {
        foreach (var statement in (ReadOnlySpan<SqliteStatement>)[.. _addHour.Values, .. _addDay.Values, _find, _insert, _isInHour, _countHour, _readFolded, _writeFolded, _nextHour, _fold])
        {
            statement.Dispose();
        }

        _packing.Dispose();
    }

    /// <param name="places">Of the sums that it takes, a bit for each.</param>
    private SqliteStatement Upsert(string table, string time, int places)
    {
        var others = places >> UsageMeasures.FirstRare == 0 ? 0 : 1;
        var names = UsageMeasures.Names.Where((_, i) => (places & (1 << i)) != 0).ToArray();
        var sums = string.Join(", ", names.Select(name => $"{name} = {name} + excluded.{name}"));
        return new SqliteStatement(
            _connection, $"INSERT INTO {table} ({time}, dimensions, others, {string.Join(", ", names)}) VALUES (?, ?, {others}, {string.Join(", ", names.Select(_ => "?"))}) "
            + $"ON CONFLICT ({time}, dimensions) DO UPDATE SET {sums}{(others == 0 ? "" : ", others = 1")}");
    }


    private static long BitOf(long hour) => 1L << (int)(hour - (DayOf(hour) * PackedHours.HoursOfDay));

    private static long FloorDivided(long value, long by) => Math.DivRem(value, by, out var rest) - (rest < 0 ? 1 : 0);

    private void Add(Dictionary<int, SqliteStatement> statements, string table, string column, long time, long id, long[] sums, int places)
    {
        // Most exchanges have few kinds of sums, and the same ones: a statement that takes no others costs less.
        if (!statements.TryGetValue(places, out var statement))
        {
            places = statements.Count < MostStatements ? places : AllPlaces;
            statement = statements.TryGetValue(places, out var known) ? known : statements[places] = Upsert(table, column, places);
        }

        statement.Bind(1, time);
        statement.Bind(2, id);
        for (var mark = 3; places != 0; mark++, places &= places - 1)
        {
            statement.Bind(mark, sums[BitOperations.TrailingZeroCount(places)]);
        }

        // A sum that does not fit into an integer stays as it was: the ledger must be written whatever providers report.
        _ = statement.Run();
    }

    /// <summary>One hour in a group, so that none of them takes long.</summary>
    private void Fold(long from, long newest)
    {
        _nextHour.Bind(1, from);
        var next = _nextHour.Read() && !_nextHour.IsNull(0) ? _nextHour.Number(0) : newest;
        _nextHour.Reset();
        if (next < newest)
        {
            _fold.Bind(1, next);
            _ = _fold.Run();
        }

        _foldedUntil = Math.Min(next + 1, newest);
        _writeFolded.Bind(1, FoldedUntil);
        _writeFolded.Bind(2, _foldedUntil.Value.ToString(CultureInfo.InvariantCulture));
        _ = _writeFolded.Run();
    }

    private long ReadFolded()
    {
        _readFolded.Bind(1, FoldedUntil);
        var value = _readFolded.Read() ? _readFolded.Text(0) : null;
        _readFolded.Reset();
        return long.TryParse(value, CultureInfo.InvariantCulture, out var hour) ? hour : 0;
    }

    private long IdOf(long hour, UsageDimensions exact)
    {
        if (_known.TryGetValue((hour, exact), out var known))
        {
            return known;
        }

        if (_known.Count >= MostRemembered)
        {
            _known.Clear();
        }

        var level = 0;
        while (true)
        {
            var dimensions = exact.Coarser(level);
            var digest = dimensions.Digest();
            var id = Find(digest);
            var isNew = id is null || !IsInHour(hour, id.Value);
            if (isNew && level < UsageDimensions.Levels && SetsOf(hour) >= _mostSets + (level * _mostSets / 2))
            {
                level++;
                continue;
            }

            id ??= Insert(dimensions, digest);
            if (isNew)
            {
                _setsOfHour[hour] = SetsOf(hour) + 1;
            }

            _known[(hour, exact)] = id.Value;
            return id.Value;
        }
    }

    private long? Find(byte[] digest)
    {
        _find.Bind(1, digest);
        long? id = _find.Read() ? _find.Number(0) : null;
        _find.Reset();
        return id;
    }

    private bool IsInHour(long hour, long id)
    {
        if (_sums.ContainsKey((hour, id)))
        {
            return true;
        }

        _isInHour.Bind(1, hour);
        _isInHour.Bind(2, id);
        _isInHour.Bind(3, UsagePacking.PlaceOf(DayOf(hour), id));
        _isInHour.Bind(4, BitOf(hour));
        var isThere = _isInHour.Read();
        _isInHour.Reset();
        return isThere;
    }

    private int SetsOf(long hour)
    {
        if (_setsOfHour.TryGetValue(hour, out var known))
        {
            return known;
        }

        if (_setsOfHour.Count >= MostHours)
        {
            _setsOfHour.Clear();
        }

        _countHour.Bind(1, hour);
        _countHour.Bind(2, UsagePacking.PlaceOf(DayOf(hour)));
        _countHour.Bind(3, UsagePacking.PlaceOf(DayOf(hour) + 1));
        _countHour.Bind(4, BitOf(hour));
        _ = _countHour.Read();
        // Those of this group are not in the table yet.
        var count = (int)_countHour.Number(0) + _sums.Keys.Count(key => key.Hour == hour);
        _countHour.Reset();
        return _setsOfHour[hour] = count;
    }

    private long Insert(UsageDimensions dimensions, byte[] digest)
    {
        dimensions.BindTo(_insert, 1);
        _insert.Bind(17, digest);
        _ = _insert.Read();
        var id = _insert.Number(0);
        _insert.Reset();
        return id;
    }
}
