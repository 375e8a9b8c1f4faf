using Gatehouse.Identity;

namespace Gatehouse.Limits.Queue;

/// <summary>
/// Exchanges of one class that wait. The next slot goes to the key with the fewest slots, among those to the one that was granted one
/// longest ago, and within the key to the earliest deadline. All operations take time in proportion to the logarithm of what waits.
/// </summary>
internal sealed class ClassLine(PriorityClass priority)
{
    private readonly SortedSet<KeyLine> _byTurn = new(Comparer<KeyLine>.Create((a, b) =>
        a.Key.Running != b.Key.Running ? a.Key.Running.CompareTo(b.Key.Running)
        : a.Key.Turn != b.Key.Turn ? a.Key.Turn.CompareTo(b.Key.Turn)
        : a.Key.Number.CompareTo(b.Key.Number)));

    private readonly SortedSet<KeyLine> _byLength = new(Comparer<KeyLine>.Create((a, b) =>
        a.Tickets.Count != b.Tickets.Count ? a.Tickets.Count.CompareTo(b.Tickets.Count) : a.Key.Number.CompareTo(b.Key.Number)));

    private int _count;

    public PriorityClass Priority => priority;

    /// <summary>How many wait.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Slots that went to other classes since this one waits or had one.</summary>
    public int PassedOver { get; set; }

    /// <summary>Who is next; only when somebody waits.</summary>
    public AdmissionTicket Next => _byTurn.Min!.Tickets.Min!;

    /// <summary>Who is given up first: of the key with the most that wait, the one with the latest deadline. Only when somebody waits.</summary>
    public AdmissionTicket Last => _byLength.Max!.Tickets.Max!;

    public int CountOf(AdmissionKey key) => LineOf(key)?.Tickets.Count ?? 0;

    public void Add(AdmissionTicket ticket)
    {
        var line = LineOf(ticket.Key);
        if (line is null)
        {
            line = new KeyLine(ticket.Key);
            ticket.Key.Lines[(int)priority] = line;
        }
        else
        {
            Unrank(line);
        }

        _ = line.Tickets.Add(ticket);
        Rank(line);
        Volatile.Write(ref _count, _count + 1);
    }

    public void Remove(AdmissionTicket ticket)
    {
        var line = LineOf(ticket.Key)!;
        Unrank(line);
        _ = line.Tickets.Remove(ticket);
        if (line.Tickets.Count > 0)
        {
            Rank(line);
        }
        else
        {
            ticket.Key.Lines[(int)priority] = null;
        }

        Volatile.Write(ref _count, _count - 1);
        if (_count == 0)
        {
            PassedOver = 0;
        }
    }

    /// <summary>Takes a key out of the order before its slots or its turn change.</summary>
    public void Unrank(AdmissionKey key)
    {
        if (LineOf(key) is { } line)
        {
            Unrank(line);
        }
    }

    public void Rank(AdmissionKey key)
    {
        if (LineOf(key) is { } line)
        {
            Rank(line);
        }
    }

    private KeyLine? LineOf(AdmissionKey key) => key.Lines[(int)priority];

    private void Unrank(KeyLine line)
    {
        _ = _byTurn.Remove(line);
        _ = _byLength.Remove(line);
    }

    private void Rank(KeyLine line)
    {
        _ = _byTurn.Add(line);
        _ = _byLength.Add(line);
    }
}
