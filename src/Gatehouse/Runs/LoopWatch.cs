namespace Gatehouse.Runs;

/// <summary>
/// The last calls of a run, and whether they go in circles. Only calls that were answered are kept, so that a client that repeats what failed
/// is none. Not safe for many threads.
/// </summary>
internal sealed class LoopWatch
{
    /// <summary>Kept of all conversations of the run.</summary>
    public const int MostKept = 64;

    private const int Window = 10;
    private const int Repetitions = 3;
    private const int LongestCycle = 6;

    private readonly List<Entry> _entries = [];

    public int Count => _entries.Count;

    /// <param name="tail">Of a call that is about to be made.</param>
    /// <returns>What kind of circle it closes; null for none.</returns>
    public string? Look(RequestTail tail)
    {
        // Newest first, within the conversation.
        var before = new List<Entry>(2 * LongestCycle) { new(tail, IsStale(tail)) };
        for (var i = _entries.Count - 1; i >= 0 && before.Count < 2 * LongestCycle; i--)
        {
            if (_entries[i].Tail.Conversation == tail.Conversation)
            {
                before.Add(_entries[i]);
            }
        }

        var last = before.Take(Window).ToList();
        return last.Count(entry => entry.Tail.Key == tail.Key) >= Repetitions ? $"the same call came to the same result {Repetitions} times in the last {Window} calls"
            : CycleIn(before) is { } length ? $"the same {length} calls were made with the same results twice over"
            : last[0].IsStale && last.Count(entry => entry.IsStale) >= Repetitions ? $"{Repetitions} of the last {Window} answers said nothing that had not been said before"
            : null;
    }

    /// <param name="tail">Of a call that was answered.</param>
    public void Add(RequestTail tail)
    {
        if (_entries.Count == MostKept)
        {
            _entries.RemoveAt(0);
        }

        _entries.Add(new Entry(tail, IsStale(tail)));
    }

    private static int? CycleIn(List<Entry> newestFirst)
    {
        for (var length = 2; length <= LongestCycle && 2 * length <= newestFirst.Count; length++)
        {
            var isCycle = true;
            for (var i = 0; i < length && isCycle; i++)
            {
                isCycle = newestFirst[i].Tail.Key == newestFirst[i + length].Tail.Key;
            }

            // The same call over and over is another rule's matter.
            if (isCycle && newestFirst.Take(length).Any(entry => entry.Tail.Key != newestFirst[0].Tail.Key))
            {
                return length;
            }
        }

        return null;
    }

    /// <summary>All lines of the answer stand in answers before it.</summary>
    private bool IsStale(RequestTail tail)
    {
        if (tail.Lines.Length == 0)
        {
            return false;
        }

        Span<bool> known = stackalloc bool[tail.Lines.Length];
        var seen = 0;
        for (var i = _entries.Count - 1; i >= 0 && seen < Window; i--)
        {
            if (_entries[i].Tail.Conversation != tail.Conversation)
            {
                continue;
            }

            seen++;
            for (var j = 0; j < tail.Lines.Length; j++)
            {
                known[j] |= _entries[i].Tail.Lines.Contains(tail.Lines[j]);
            }
        }

        return !known.Contains(false);
    }

    private readonly record struct Entry(RequestTail Tail, bool IsStale);
}
