namespace Gatehouse.Routing.Semantic;

/// <summary>Vectors of the texts that were asked for last. Thread-safe.</summary>
/// <param name="capacity">Texts that are kept; one of 4 KiB with a vector of 1,536 numbers takes 14 KB.</param>
internal sealed class VectorCache(int capacity)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<(string Text, float[] Vector)> _order = new();
    private readonly Dictionary<string, LinkedListNode<(string Text, float[] Vector)>> _entries = new(StringComparer.Ordinal);

    public float[]? Find(string text)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(text, out var entry))
            {
                return null;
            }

            _order.Remove(entry);
            _order.AddFirst(entry);
            return entry.Value.Vector;
        }
    }

    public void Add(string text, float[] vector)
    {
        lock (_lock)
        {
            if (_entries.Remove(text, out var old))
            {
                _order.Remove(old);
            }

            _entries[text] = _order.AddFirst((text, vector));
            if (_entries.Count > capacity)
            {
                _ = _entries.Remove(_order.Last!.Value.Text);
                _order.RemoveLast();
            }
        }
    }
}
