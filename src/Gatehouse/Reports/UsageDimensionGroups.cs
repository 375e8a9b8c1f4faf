using Microsoft.Data.Sqlite;

namespace Gatehouse.Reports;

/// <summary>
/// To which group each set of dimensions belongs. Sets are looked up when the first row with them is read: a table that has grown over years is not
/// read for a report of a day.
/// </summary>
internal sealed class UsageDimensionGroups : IDisposable
{
    /// <summary>The set does not pass the filters.</summary>
    public const int NotAsked = -1;

    private readonly Dictionary<long, int> _groupOfSet = [];
    private readonly Dictionary<string, int> _groups = new(StringComparer.Ordinal);
    private readonly List<string?[]> _values = [];
    private readonly SqliteStatement _find;
    private readonly int _count;
    private readonly int _idMark;

    public UsageDimensionGroups(SqliteConnection connection, IReadOnlyList<string> groupBy, IReadOnlyList<KeyValuePair<string, string>> filters)
    {
        _count = groupBy.Count;
        var columns = string.Concat(groupBy.Select(name => ", " + UsageGrouping.ExpressionOf(name)));
        var conditions = string.Concat(filters.Select(filter => $"{UsageGrouping.ConditionOf(filter.Key)} AND "));
        _find = new SqliteStatement(connection, $"SELECT id{columns} FROM usage_dimensions WHERE {conditions}id = ?");
        var mark = 1;
        foreach (var name in groupBy.Where(UsageGrouping.IsLabel))
        {
            _find.Bind(mark++, name[UsageGrouping.LabelPrefix.Length..]);
        }

        foreach (var (name, value) in filters)
        {
            if (UsageGrouping.IsLabel(name))
            {
                _find.Bind(mark++, name[UsageGrouping.LabelPrefix.Length..]);
            }

            _find.Bind(mark++, value);
        }

        _idMark = mark;
    }

    /// <summary>The values of a group.</summary>
    public string?[] this[int group] => _values[group];

    public int GroupOf(long set)
    {
        if (_groupOfSet.TryGetValue(set, out var known))
        {
            return known;
        }

        _find.Bind(_idMark, set);
        var group = NotAsked;
        if (_find.Read())
        {
            var values = new string?[_count];
            for (var i = 0; i < _count; i++)
            {
                values[i] = _find.Text(i + 1);
            }

            // With lengths, so that no two lists of values make one name.
            var name = string.Join(',', values.Select(value => value is null ? "-" : $"{value.Length}:{value}"));
            if (!_groups.TryGetValue(name, out group))
            {
                group = _groups[name] = _values.Count;
                _values.Add(values);
            }
        }

        _find.Reset();
        return _groupOfSet[set] = group;
    }

    public void Dispose() => _find.Dispose();
}
