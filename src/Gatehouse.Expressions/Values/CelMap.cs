namespace Gatehouse.Expressions;

/// <summary>
/// A map. The program derives from it to show its own data without copying; it must not change during an evaluation.
/// Keys are bool, int, uint or string; an int key is found by an equal uint or double too.
/// </summary>
public abstract class CelMap
{
    public abstract int Count { get; }

    public abstract IEnumerable<CelValue> Keys { get; }

    public abstract bool TryGetValue(in CelValue key, out CelValue value);

    public static CelMap Of(IReadOnlyDictionary<string, string> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        return new StringMap(entries);
    }

    /// <summary>A map of entries in their order; of two with one key the last counts.</summary>
    public static CelMap Of(IEnumerable<KeyValuePair<CelValue, CelValue>> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        var map = new ValueMap(0);
        foreach (var (key, value) in entries)
        {
            map.Set(key, value);
        }

        return map;
    }

    private sealed class StringMap(IReadOnlyDictionary<string, string> entries) : CelMap
    {
        public override int Count => entries.Count;

        public override IEnumerable<CelValue> Keys => entries.Keys.Select(CelValue.From);

        public override bool TryGetValue(in CelValue key, out CelValue value)
        {
            if (key.Kind == CelKind.String && entries.TryGetValue(key.Text, out var text))
            {
                value = CelValue.From(text);
                return true;
            }

            value = default;
            return false;
        }
    }
}

/// <summary>A map made by an expression. It keeps the order of its entries.</summary>
internal sealed class ValueMap(int capacity) : CelMap
{
    private readonly Dictionary<CelValue, CelValue> _entries = new(capacity);

    public override int Count => _entries.Count;

    public override IEnumerable<CelValue> Keys => _entries.Keys;

    public override bool TryGetValue(in CelValue key, out CelValue value) => _entries.TryGetValue(key, out value);

    public bool TryAdd(in CelValue key, in CelValue value) => _entries.TryAdd(key, value);

    public void Set(in CelValue key, in CelValue value) => _entries[key] = value;
}
