namespace Gatehouse.Reports;

/// <summary>The sums of a report, by the periods of its time zone and the groups of dimensions.</summary>
/// <param name="most">Of sums.</param>
internal sealed class UsagePeriods(UsageCalendar calendar, int most)
{
    private readonly Dictionary<string, Period> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<long, Period> _byHour = [];
    private long _hour = long.MinValue;
    private Period? _period;
    private int _count;

    /// <returns>Null: there would be too many.</returns>
    public long[]? SumsOf(long hour, int group)
    {
        // Every hour is like every other where there are no times.
        if (_period is null || (_hour != hour && !calendar.IsTimeless))
        {
            (_hour, _period) = (hour, PeriodOf(hour));
        }

        if (!_period.Sums.TryGetValue(group, out var sums) && _count < most)
        {
            _count++;
            sums = _period.Sums[group] = new long[UsageMeasures.Count];
        }

        return sums;
    }

    /// <summary>With the names of their periods and their groups.</summary>
    public IEnumerable<(string[] Names, int Group, long[] Sums)> All() =>
        _byName.Values.SelectMany(period => period.Sums.Select(pair => (period.Names, pair.Key, pair.Value)));

    private Period PeriodOf(long hour)
    {
        if (!_byHour.TryGetValue(hour, out var period))
        {
            var names = calendar.PeriodsOf(hour);
            var name = string.Join(' ', names);
            period = _byHour[hour] = _byName.TryGetValue(name, out var known) ? known : _byName[name] = new Period(names, []);
        }

        return period;
    }

    private sealed record Period(string[] Names, Dictionary<int, long[]> Sums);
}
