using Gatehouse.Identity;

namespace Gatehouse.Limits.Queue;

/// <summary>A key as long as it has exchanges that run or wait.</summary>
/// <param name="id">The key's own.</param>
/// <param name="number">Unlike that of any other.</param>
/// <param name="turn">Its first place among keys with as many slots.</param>
internal sealed class AdmissionKey(string id, long number, long turn)
{
    public string Id => id;

    public long Number => number;

    /// <summary>Slots that it holds.</summary>
    public int Running { get; set; }

    /// <summary>When it was granted a slot last, counted in grants: among keys with as many slots the one that has waited for more grants is next.</summary>
    public long Turn { get; set; } = turn;

    /// <summary>Its exchanges that wait, by class.</summary>
    public KeyLine?[] Lines { get; } = new KeyLine?[Enum.GetValues<PriorityClass>().Length];

    public bool IsIdle => Running == 0 && Array.TrueForAll(Lines, line => line is null);
}

/// <summary>Exchanges of one key and class that wait, the earliest deadline first.</summary>
internal sealed class KeyLine(AdmissionKey key)
{
    public AdmissionKey Key => key;

    public SortedSet<AdmissionTicket> Tickets { get; } = new(EarliestDeadlineFirst);

    /// <summary>Among equal deadlines the one that came first.</summary>
    public static IComparer<AdmissionTicket> EarliestDeadlineFirst { get; } = Comparer<AdmissionTicket>.Create((a, b) =>
        a.Deadline != b.Deadline ? a.Deadline.CompareTo(b.Deadline) : a.Number.CompareTo(b.Number));
}
